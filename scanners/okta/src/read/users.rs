//! Users in every state, their passwords, and the follow-ups that each of them is offered with.

use scan_contract::{Cause, Gap, Holder, Outlet, Pass, Scope, ScopeName};

use super::Reader;
use super::lane::Lane;
use super::roles::Sight;
use crate::client::{Found, Page, Shape};
use crate::scopes::{DEVICES, FOLLOW_UPS, PASSWORDS, USERS};
use crate::settings::SignIn;
use crate::tell;
use crate::text::{Damage, follow_up_name};
use crate::wire::User;

/// Users a page. Okta gives no more.
const PAGE: u16 = 200;
/// Said where nobody can tell which role the scanner has.
const SIGHT_NOT_TOLD: &str = "okta: which administrator role the scanner has could not be read; one that is limited to some users would hide the others without a word";

/// Reads users and passwords. `id pr` matches every user: without a search, Okta leaves out deprovisioned ones.
pub(crate) async fn read(reader: &Reader, pass: &Pass, outlet: &Outlet) -> Result<(), Cause> {
    let mut lanes = Lanes {
        users: Lane::new(outlet, USERS),
        passwords: Lane::new(outlet, PASSWORDS),
        with_passwords: pass.scopes.iter().any(|scope| scope.kind == PASSWORDS),
        follow_ups: follow_ups(reader, outlet).await?,
        own: None,
        seen: 0,
        walked: false,
    };
    lanes.own = own_user(reader, outlet, &lanes.users.name).await?;
    let parts = ["api", "v1", "users"];
    let limit = reader.page_of(PAGE);
    let mut walk = reader.client.walk(&parts, &[("search", "id pr"), ("limit", &limit)], Shape::Array)?;
    walk = walk.begun_again_if_expired();
    loop {
        let page = match walk.page::<User>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => {
                lanes.walked = true;
                break;
            }
            Ok(Some(Found::Gone)) => {
                let what = String::from("the organisation has no list of users");
                lanes.fail(&Cause::NotSupported { what }).await?;
                break;
            }
            Err(cause) => {
                lanes.fail(&cause).await?;
                break;
            }
        };
        lanes.take(reader, outlet, page).await?;
    }
    if walk.restarts() > 0 {
        let times = walk.restarts();
        outlet.notice(format!("okta: the list of users expired on the way, and was begun again {times} time")).await?;
    }
    if lanes.walked {
        lanes.check_sighting().await?;
    }
    match reader.roles.sight(&reader.client, &reader.settings).await {
        Sight::Everybody => {}
        Sight::Some(cause) => outlet.gap(Gap::scope(&lanes.users.name, cause)).await?,
        Sight::NotTold => outlet.notice(SIGHT_NOT_TOLD).await?,
    }
    lanes.users.end().await?;
    if lanes.with_passwords { lanes.passwords.end().await } else { Ok(()) }
}

/// The kinds of follow-up that can hold something. The older engine has no devices.
async fn follow_ups(reader: &Reader, outlet: &Outlet) -> Result<Vec<&'static str>, Cause> {
    let classic = reader.organisation().await.is_ok_and(|organisation| organisation.pipeline.as_deref() == Some("v1"));
    if classic {
        outlet.notice("okta: this organisation runs on the Classic Engine, which binds no devices to users").await?;
    }
    Ok(FOLLOW_UPS.iter().copied().filter(|kind| !(classic && *kind == DEVICES)).collect())
}

/// The user who made the API token: they must be in the list (CMP-10). A service app has none. Without knowing who they
/// are, nobody can tell whether the list has them.
async fn own_user(reader: &Reader, outlet: &Outlet, scope: &ScopeName) -> Result<Option<String>, Cause> {
    if matches!(reader.settings.sign_in, SignIn::ServiceApp { .. }) {
        return Ok(None);
    }
    let cause = match reader.user("me").await {
        Ok(Found::There(user)) => return Ok(Some(user.id)),
        Ok(Found::Gone) => Cause::NotSeen { what: String::from("the user who made the scanner's API token") },
        Err(cause) => cause,
    };
    outlet.gap(Gap::part(scope, "the scanner's own user", cause)).await?;
    Ok(None)
}

struct Lanes<'a> {
    users: Lane<'a>,
    passwords: Lane<'a>,
    with_passwords: bool,
    follow_ups: Vec<&'static str>,
    /// The scanner's own user, until they are seen.
    own: Option<String>,
    seen: u64,
    /// Whether the list came to its own end.
    walked: bool,
}

impl Lanes<'_> {
    async fn fail(&mut self, cause: &Cause) -> Result<(), Cause> {
        self.users.fail(cause.clone()).await?;
        if self.with_passwords { self.passwords.fail(cause.clone()).await } else { Ok(()) }
    }

    /// Somebody made the credential, so that an empty list is no list; and whoever made an API token is in it.
    async fn check_sighting(&mut self) -> Result<(), Cause> {
        let what = match (self.seen, &self.own) {
            (0, _) => "any user, although somebody made the credential",
            (_, Some(_)) => "the user who made the scanner's API token, in the list of users",
            (_, None) => return Ok(()),
        };
        self.fail(&Cause::NotSeen { what: String::from(what) }).await
    }

    async fn take(&mut self, reader: &Reader, outlet: &Outlet, page: Page<User>) -> Result<(), Cause> {
        self.users.open(page.as_of).await?;
        if self.with_passwords {
            self.passwords.open(page.as_of).await?;
        }
        let (users, passwords) = (self.users.name.clone(), self.passwords.name.clone());
        let (mut damage, mut password_damage) = (Damage::new(&users), Damage::new(&passwords));
        let (mut accounts, mut secrets, mut offered) = (Vec::new(), Vec::new(), Vec::new());
        for element in &page.elements {
            let user = match element {
                Ok(user) => user,
                Err(damaged) => {
                    damage.element(damaged, page.operation, page.number);
                    password_damage.element(damaged, page.operation, page.number);
                    continue;
                }
            };
            self.seen += 1;
            if self.own.as_deref() == Some(user.id.as_str()) {
                self.own = None;
            }
            let holder = tell::holder(user, &reader.settings.employee_number_attributes);
            self.offer(&user.id, &holder, &mut offered);
            let account = tell::account(user, holder, &mut damage, &mut self.users.words, &users);
            secrets.extend(tell::password(user, account.status, &mut password_damage, &passwords));
            accounts.push(account);
        }
        self.users.page(accounts, damage.into_gaps(), page.cursor.clone()).await?;
        if self.with_passwords {
            self.passwords.page(secrets, password_damage.into_gaps(), page.cursor).await?;
        }
        if offered.is_empty() { Ok(()) } else { outlet.scopes(offered).await }
    }

    fn offer(&self, id: &str, holder: &Holder, offered: &mut Vec<Scope>) {
        for kind in &self.follow_ups {
            let mut scope = Scope::new(follow_up_name(kind, id), *kind);
            scope.bound_to = Some(Box::new(holder.clone()));
            offered.push(scope);
        }
    }
}
