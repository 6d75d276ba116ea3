//! Self-hosted runners: machines that run the organisation's jobs.

use scan_contract::{Access, AccessKind, Fact, GrantId, Privilege, ScopeName, Status};
use serde::Deserialize;

use crate::text::clean;
use crate::told::Told;

/// A runner.
#[derive(Debug, Deserialize)]
pub(crate) struct Runner {
    id: u64,
    name: String,
    #[serde(default)]
    os: Option<String>,
    status: String,
    #[serde(default)]
    ephemeral: Option<bool>,
}

/// One runner. An offline runner connects again whenever its machine is started: it is enabled all the same.
pub(crate) fn access(
    scope: &ScopeName,
    repository: Option<u64>,
    place: &str,
    runner: &Runner,
    told: &mut Told,
) -> Access {
    let id = repository
        .map_or_else(|| format!("runner/{}", runner.id), |repository| format!("{repository}/runner/{}", runner.id));
    let status = match runner.status.to_ascii_lowercase().as_str() {
        "online" | "offline" => Status::Enabled,
        word => {
            told.unknown(scope, "status", word, &format!("runner {}", runner.id));
            Status::Unknown
        }
    };
    let mut access = Access::new(scope.clone(), AccessKind::Automation, GrantId::from(id), status);
    access.grant_display = Some(format!("self-hosted runner {}", clean(&runner.name, 120)));
    access.status_text = Some(clean(&runner.status, 40));
    access.target = Some(String::from(place));
    access.privilege = Privilege::Admin;
    access.privilege_reason = Some(String::from("runs jobs with their secrets"));
    access.created_at = Fact::Hidden(String::from("GitHub does not show when a runner was registered, or by whom"));
    access.last_used_at = Fact::Hidden(String::from("GitHub does not show when a runner was last seen"));
    access.expires_at = Fact::None;
    let os = runner.os.as_deref().unwrap_or("unknown system");
    let lives = if runner.ephemeral == Some(true) { "for one job" } else { "until it is removed" };
    access.evidence.push(format!("{}, {lives}", clean(os, 40)));
    access
}
