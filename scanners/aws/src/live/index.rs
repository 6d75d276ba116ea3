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
    /// Whether the row is certainly about the user who has the name now: both were made at the same time. A name and with
    /// it an ARN can be given to another user.
    pub(crate) row_is_theirs: bool,
    /// Serial numbers of the MFA devices that the account's lists already told.
    pub(crate) devices: Vec<String>,
}

/// The users of one account, by name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) users: HashMap<String, Arc<Known>>,
    /// Time of the credential report that the rows come from.
    pub(crate) report_of: Option<Instant>,
}

impl Index {
    /// A user by name. One that was not listed, or whose account could not be listed, is known by what a follow-up
    /// carries: the name at least, which is all that is needed to ask.
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
            row_is_theirs: false,
            devices: Vec::new(),
        })
    }
}
