//! Applications, who is assigned to them, what was consented to for them, and their refresh tokens.

use std::sync::Arc;

use scan_contract::{Cause, Outlet, Pass, Status};

use super::Reader;
use super::lane::{Lane, Part};
use super::refresh_tokens;
use super::side_by_side::side_by_side;
use crate::client::{Found, Page, Shape};
use crate::scopes::{APP_ASSIGNMENTS, APP_GRANTS, APPS, REFRESH_TOKENS};
use crate::settings::SignIn;
use crate::tell::{self, FOR_EVERYBODY};
use crate::text::{Damage, short};
use crate::wire::{App, Assignment, Damaged, Grant};
use crate::words;

/// Assignments a page. Okta gives no more.
const PAGE: u16 = 500;
/// Applications a page. Okta gives no more.
const APPS_A_PAGE: u16 = 200;

/// Scope kinds of the same pass that can come first when others are left out.
pub(crate) const SERVES: &[&str] = &[APP_ASSIGNMENTS, REFRESH_TOKENS, APP_GRANTS];

/// The applications, with their own switch.
pub(super) struct Listed {
    pub(super) apps: Vec<(Arc<App>, Status)>,
    /// Why not all of them are there.
    pub(super) incomplete: Option<Cause>,
}

impl Listed {
    /// Only these can hold tokens and consents.
    pub(super) fn that_speak_oauth(&self) -> Vec<Arc<App>> {
        // Without a mode nobody can tell, and asking is harmless.
        let speaks = |app: &App| app.sign_on_mode.as_deref().is_none_or(|mode| mode == "OPENID_CONNECT");
        self.apps.iter().filter(|(app, _)| speaks(app)).map(|(app, _)| Arc::clone(app)).collect()
    }
}

/// Which scopes of the pass are wanted.
struct Wanted {
    assignments: bool,
    tokens: bool,
    grants: bool,
}

/// Reads the list of applications once, and what hangs from each of them.
pub(crate) async fn read(reader: &Arc<Reader>, pass: &Pass, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let has = |kind: &str| pass.scopes.iter().any(|scope| scope.kind == kind);
    let wanted = Wanted { assignments: has(APP_ASSIGNMENTS), tokens: has(REFRESH_TOKENS), grants: has(APP_GRANTS) };
    let listed = list(reader, outlet).await?;
    if wanted.assignments {
        read_assignments(reader, outlet, &listed).await?;
    }
    if wanted.grants {
        read_grants(reader, outlet, &listed).await?;
    }
    if wanted.tokens {
        refresh_tokens::read(reader, outlet, &listed).await?;
    }
    Ok(())
}

async fn list(reader: &Arc<Reader>, outlet: &Arc<Outlet>) -> Result<Listed, Cause> {
    let mut lane = Lane::new(outlet, APPS);
    let mut listed = Listed { apps: Vec::new(), incomplete: None };
    // Inactive applications keep their assignments, and can be switched on again.
    let limit = reader.page_of(APPS_A_PAGE);
    let query = [("includeNonDeleted", "true"), ("limit", limit.as_str())];
    let mut walk = reader.client.walk(&["api", "v1", "apps"], &query, Shape::Array)?;
    loop {
        let page = match walk.page::<App>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                let what = String::from("the organisation has no list of applications");
                listed.incomplete = Some(Cause::NotSupported { what });
                break;
            }
            Err(cause) => {
                listed.incomplete = Some(cause);
                break;
            }
        };
        lane.open(page.as_of).await?;
        let mut damage = Damage::new(&lane.name);
        for element in page.elements {
            match element {
                Ok(app) => {
                    let status = lane.words.status(words::app, "status", &app.status, &app.id);
                    listed.apps.push((Arc::new(app), status));
                }
                Err(damaged) => {
                    listed.incomplete.get_or_insert_with(|| undecoded(&damaged, page.number));
                    damage.element(&damaged, page.operation, page.number);
                }
            }
        }
        let gaps = damage.into_gaps();
        lane.page(Vec::new(), gaps, page.cursor).await?;
    }
    if listed.incomplete.is_none() {
        listed.incomplete = not_seen(reader, &listed.apps);
    }
    if let Some(cause) = &listed.incomplete {
        lane.fail(cause.clone()).await?;
    }
    lane.end().await?;
    Ok(listed)
}

/// The scanner's own app must be in the list (CMP-10): a role that is limited to some applications hides the others
/// without a word.
fn not_seen(reader: &Reader, apps: &[(Arc<App>, Status)]) -> Option<Cause> {
    let SignIn::ServiceApp { client_id, .. } = &reader.settings.sign_in else { return None };
    let seen = apps.iter().any(|(app, _)| app.client_id() == client_id);
    (!seen).then(|| Cause::NotSeen { what: String::from("the scanner's own service app in the list of applications") })
}

fn undecoded(damaged: &Damaged, page: usize) -> Cause {
    Cause::Malformed { what: format!("application {} of page {page} could not be decoded", damaged.position) }
}

async fn read_assignments(reader: &Arc<Reader>, outlet: &Arc<Outlet>, listed: &Listed) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, APP_ASSIGNMENTS);
    lane.open(super::lane::now(reader)).await?;
    let opens_something = |app: &App| app.name.as_deref().is_none_or(|name| !FOR_EVERYBODY.contains(&name));
    let apps: Vec<_> = listed.apps.iter().filter(|(app, _)| opens_something(app)).cloned().collect();
    let parts = apps.len();
    let found = side_by_side(apps, reader.at_once(), |(app, status)| {
        let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
        async move { read_app(&reader, &outlet, &app, status).await }
    })
    .await?;
    let mut refused = Vec::new();
    for part in found {
        lane.words.absorb(part.words);
        refused.extend(part.refused);
    }
    lane.parts(parts, refused).await?;
    if let Some(cause) = &listed.incomplete {
        lane.fail(cause.clone()).await?;
    }
    lane.end().await
}

async fn read_app(reader: &Reader, outlet: &Outlet, app: &App, status: Status) -> Result<Part, Cause> {
    let mut lane = Lane::new(outlet, APP_ASSIGNMENTS);
    let parts = ["api", "v1", "apps", app.id.as_str(), "users"];
    let mut walk = match reader.client.walk(&parts, &[("limit", &reader.page_of(PAGE))], Shape::Array) {
        Ok(walk) => walk.begun_again_if_expired(),
        Err(cause) => return Ok(lane.refused(part_of(app), cause)),
    };
    let mut pages = 0;
    loop {
        match walk.page::<Assignment>().await {
            Ok(Some(Found::There(page))) => take_assignments(&mut lane, app, status, page).await?,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                gone(reader, &lane, app).await?;
                break;
            }
            Err(cause) if pages == 0 => return Ok(lane.refused(part_of(app), cause)),
            Err(cause) => {
                lane.part(part_of(app), cause).await?;
                break;
            }
        }
        pages += 1;
    }
    Ok(lane.into_part())
}

async fn take_assignments(lane: &mut Lane<'_>, app: &App, status: Status, page: Page<Assignment>) -> Result<(), Cause> {
    let scope = lane.name.clone();
    let mut damage = Damage::new(&scope);
    let mut records = Vec::with_capacity(page.elements.len());
    for element in &page.elements {
        match element {
            Ok(one) => records.push(tell::assignment(app, status, one, &mut damage, &mut lane.words, &scope)),
            Err(damaged) => damage.element(damaged, page.operation, page.number),
        }
    }
    let cursor = page.cursor;
    lane.page(records, damage.into_gaps(), cursor).await
}

/// Consents that administrators gave for the whole organisation. Those of users are read with their user.
async fn read_grants(reader: &Arc<Reader>, outlet: &Arc<Outlet>, listed: &Listed) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, APP_GRANTS);
    lane.open(super::lane::now(reader)).await?;
    let apps = listed.that_speak_oauth();
    let parts = apps.len();
    let found = side_by_side(apps, reader.at_once(), |app| {
        let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
        async move { read_app_grants(&reader, &outlet, &app).await }
    })
    .await?;
    let mut of_users = 0;
    let mut refused = Vec::new();
    for (part, users) in found {
        lane.words.absorb(part.words);
        refused.extend(part.refused);
        of_users += users;
    }
    lane.parts(parts, refused).await?;
    if of_users > 0 {
        let text =
            format!("okta: {of_users} consents of users stand in lists of applications; they are read with their user");
        outlet.notice(text).await?;
    }
    if let Some(cause) = &listed.incomplete {
        lane.fail(cause.clone()).await?;
    }
    lane.end().await
}

async fn read_app_grants(reader: &Reader, outlet: &Outlet, app: &App) -> Result<(Part, u64), Cause> {
    let mut lane = Lane::new(outlet, APP_GRANTS);
    let mut of_users = 0;
    let parts = ["api", "v1", "apps", app.id.as_str(), "grants"];
    let mut walk = match reader.client.walk(&parts, &[], Shape::Array) {
        Ok(walk) => walk,
        Err(cause) => return Ok((lane.refused(part_of(app), cause), 0)),
    };
    let mut pages = 0;
    loop {
        let page = match walk.page::<Grant>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                gone(reader, &lane, app).await?;
                break;
            }
            Err(cause) if pages == 0 => return Ok((lane.refused(part_of(app), cause), of_users)),
            Err(cause) => {
                lane.part(part_of(app), cause).await?;
                break;
            }
        };
        pages += 1;
        let scope = lane.name.clone();
        let mut damage = Damage::new(&scope);
        let mut records = Vec::new();
        for element in &page.elements {
            match element {
                Ok(grant) if is_of_user(grant) => of_users += 1,
                Ok(grant) => {
                    records.push(tell::consent(grant, Some(app), None, &mut damage, &mut lane.words, &scope));
                }
                Err(damaged) => damage.element(damaged, page.operation, page.number),
            }
        }
        lane.page(records, damage.into_gaps(), page.cursor).await?;
    }
    Ok((lane.into_part(), of_users))
}

fn is_of_user(grant: &Grant) -> bool {
    grant.source.as_deref() == Some("END_USER") && grant.user_id.is_some()
}

/// A part's name: id first, since labels are not unique.
pub(super) fn part_of(app: &App) -> String {
    format!("{} ({})", short(&app.id), tell::app_name(app))
}

/// An application vanished between the list and its details: fine if a second look at the list of it says so too.
pub(super) async fn gone(reader: &Reader, lane: &Lane<'_>, app: &App) -> Result<(), Cause> {
    let mut walk = reader.client.walk(
        &["api", "v1", "apps"],
        &[("filter", &format!("id eq {}", crate::text::quoted(&app.id))), ("includeNonDeleted", "true")],
        Shape::Array,
    )?;
    let still_listed = match walk.page::<App>().await {
        Ok(Some(Found::There(page))) => {
            // One that cannot be decoded may be it.
            page.elements.iter().any(|element| element.as_ref().map_or(true, |listed| listed.id == app.id))
        }
        Ok(Some(Found::Gone) | None) | Err(_) => true,
    };
    if still_listed {
        let what = String::from("Okta says it does not exist, and still lists it");
        lane.part(part_of(app), Cause::NotSupported { what }).await?;
    }
    Ok(())
}
