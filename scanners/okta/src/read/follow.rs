//! Follow-ups: what costs requests of its own for one user. Each is read from its name alone, side by side with others.

use std::sync::Arc;

use scan_contract::{Cause, Gap, Outlet, Pass, ScopeName};

use super::side_by_side::side_by_side;
use super::{Reader, log, person};
use crate::scopes::{DEVICES, FACTORS, FOLLOW_UPS, GROUP_MEMBERSHIPS, SYSTEM_LOG, USER_GRANTS};
use crate::text::key_of;

/// One follow-up: its scope and the user it is about.
pub(crate) struct FollowUp {
    pub(crate) scope: ScopeName,
    pub(crate) kind: &'static str,
    pub(crate) user: String,
}

/// The follow-up a scope's name stands for.
pub(crate) fn parse(scope: &ScopeName) -> Option<FollowUp> {
    FOLLOW_UPS.iter().find_map(|kind| key_of(scope, kind).map(|user| FollowUp { scope: scope.clone(), kind, user }))
}

/// Reads every follow-up of a pass.
pub(crate) async fn read(reader: &Arc<Reader>, pass: &Pass, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let mut wanted = Vec::new();
    for scope in &pass.scopes {
        if let Some(follow_up) = parse(&scope.name) {
            wanted.push(follow_up);
        } else {
            let what = format!("nobody knows how to read the scope {}", scope.name);
            outlet.gap(Gap::scope(&scope.name, Cause::Bug { what })).await?;
        }
    }
    side_by_side(wanted, reader.at_once(), |follow_up| {
        let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
        async move {
            match follow_up.kind {
                FACTORS => person::factors(&reader, &outlet, &follow_up).await,
                DEVICES => person::devices(&reader, &outlet, &follow_up).await,
                GROUP_MEMBERSHIPS => person::memberships(&reader, &outlet, &follow_up).await,
                USER_GRANTS => person::grants(&reader, &outlet, &follow_up).await,
                SYSTEM_LOG => log::read(&reader, &outlet, &follow_up).await,
                kind => Err(Cause::Bug { what: format!("follow-up {kind} has no reader") }),
            }
        }
    })
    .await
    .map(drop)
}
