//! The enterprise above the organisation: its licences and its roles.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, by_each_address, scope};
use crate::list::{self, Items, List};
use crate::read::roles;
use crate::scopes;
use crate::settings::SignIn;
use crate::text::clean;
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
struct Licensed {
    #[serde(default)]
    github_com_login: Option<String>,
    #[serde(default)]
    github_com_name: Option<String>,
    #[serde(default)]
    github_com_saml_name_id: Option<String>,
    #[serde(default)]
    github_com_verified_domain_emails: Vec<String>,
    #[serde(default)]
    enterprise_server_emails: Vec<String>,
    #[serde(default)]
    license_type: Option<String>,
}

/// Reads both scopes; each fails by itself.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let Some(slug) = work.hub.settings.enterprise.clone() else { return Ok(()) };
    let person_only = || Cause::NotSupported {
        what: String::from(
            "the enterprise is shown to tokens of enterprise owners (read:enterprise) alone, not to a GitHub App of an organization",
        ),
    };
    let is_app = matches!(work.hub.settings.sign_in, SignIn::App { .. });
    let licenses = if is_app { Err(person_only()) } else { licenses(work, &slug).await };
    work.end(&scope(scopes::ENTERPRISE_LICENSES), licenses).await?;
    let assigned = if is_app { Err(person_only()) } else { roles::read_enterprise(work, &slug).await };
    work.end(&scope(scopes::ENTERPRISE_ROLES), assigned).await
}

async fn licenses(work: Work<'_>, slug: &str) -> Result<(), Cause> {
    let scope = scope(scopes::ENTERPRISE_LICENSES);
    let mut list = List::array(&scope, vec!["enterprises", slug, "consumed-licenses"]);
    list.items = Items::Field("users", "total_seats_consumed");
    let mut number = 0_u64;
    let tell = &mut |found: Licensed, told: &mut Told| {
        number += 1;
        if let Some(access) = license(work.hub, &scope, slug, &found) {
            told.records.push(access);
        } else {
            let cause = Cause::Malformed { what: String::from("a licence of nobody named") };
            told.gap(&scope, format!("licence {number}"), cause);
        }
    };
    list::read(work, &list, tell).await?;
    // The total counts seats, of which one person can have none or be listed without one: it is no count of objects.
    work.seal(&scope, None).await
}

fn license(hub: &Hub, scope: &ScopeName, slug: &str, found: &Licensed) -> Option<Access> {
    let login = found.github_com_login.as_deref().filter(|login| !login.is_empty());
    let saml = found.github_com_saml_name_id.as_deref().filter(|name| name.contains('@'));
    let verified = found.github_com_verified_domain_emails.iter().chain(&found.enterprise_server_emails);
    let addresses = saml.into_iter().chain(verified.map(String::as_str));
    let id = login.or_else(|| addresses.clone().next())?;
    let mut access =
        Access::new(scope.clone(), AccessKind::License, GrantId::from(format!("license/{id}")), Status::Enabled);
    let kind = found.license_type.as_deref().unwrap_or("type not told");
    access.grant_display = Some(format!("licence of {id} ({})", clean(kind, 60)));
    access.target = Some(format!("enterprise {slug}"));
    access.privilege = Privilege::None;
    access.expires_at = Fact::None;
    let mut holder = match login {
        Some(login) => hub.by_login(scan_contract::Relation::Holder, login),
        None => scan_contract::Holder::new(scan_contract::Relation::Holder),
    };
    holder.name.clone_from(&found.github_com_name);
    access.holders = by_each_address(holder, addresses);
    Some(access)
}
