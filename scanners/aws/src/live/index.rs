//! What is kept of a swept account for the follow-ups: who its users are, and their rows of the report.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::{GrantId, Holder, Instant};

use crate::policy::judge::Reach;
use crate::read::report::Row;
use crate::tell::people::{Person, by_login};

/// One user.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) person: Person,
    /// Their row of the credential report, where there is one.
    pub(crate) row: Option<Row>,
}

/// The users of one account, by name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) users: HashMap<String, Arc<Known>>,
    /// Time of the credential report that the rows come from.
    pub(crate) report_of: Option<Instant>,
    /// Whether virtual MFA devices were told by the sweep.
    pub(crate) virtual_told: bool,
}

impl Index {
    /// A user by name. One that was not listed is known by what a follow-up carries.
    pub(crate) fn user(&self, name: &str, holder: Option<&Holder>) -> Arc<Known> {
        if let Some(known) = self.users.get(name) {
            return Arc::clone(known);
        }
        let holder = holder.cloned().unwrap_or_else(|| by_login(name));
        Arc::new(Known {
            person: Person {
                account: holder.provider_id.as_deref().map(GrantId::from),
                holders: vec![holder],
                reach: Reach::unknown("the user's policies were not read in this run"),
                boundary: None,
            },
            row: None,
        })
    }
}
