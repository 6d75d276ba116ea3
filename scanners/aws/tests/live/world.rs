//! The stub behind the fault server, and a scanner in front of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use holdover_kit::fault::FaultServer;
use holdover_kit::stub::aws::{Aws, KEY_ID, SECRET, Truth, operation_of};
use scan_aws::live::{AwsLive, CloudTrail, IdentityCenter, Settings};
use scan_contract::Scope;

use crate::kit::{Key, Seen, block_on, read, scanner, settings};

/// The account of the stub's worlds.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A stub, its server, and the settings of a scanner.
pub(crate) struct World {
    pub(crate) aws: Arc<Aws>,
    pub(crate) server: FaultServer,
    pub(crate) settings: Settings,
}

/// Now, in whole seconds as the services write it.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("an instant")
}

impl World {
    /// Only what the list allows may arrive; the list of names is the stub's own, so that it is not the scanner's word.
    pub(crate) fn new(truth: Truth) -> Self {
        let aws = Arc::new(Aws::new(truth));
        let server = FaultServer::build(Arc::clone(&aws)).operations(operation_of).start();
        let settings = settings(ACCOUNT, server.origin(), &Key::new(KEY_ID, SECRET));
        Self { aws, server, settings }
    }

    /// Everything that can be read is.
    pub(crate) fn with_everything(mut self) -> Self {
        self.settings.key_pair_regions = vec![String::from("eu-west-1")];
        self.settings.identity_center = Some(IdentityCenter { region: String::from("eu-west-1"), owner: None });
        self.settings.cloudtrail = Some(CloudTrail { regions: vec![String::from("us-east-1")], days: 90 });
        self
    }

    pub(crate) fn scanner(&self) -> AwsLive {
        scanner(self.settings.clone(), SECRET)
    }

    /// Reads everything, and the follow-ups that `matters` picks.
    pub(crate) fn read(&self, matters: impl Fn(&Scope) -> bool) -> Seen {
        let scanner = self.scanner();
        let seen = block_on(read(&scanner, matters));
        assert_eq!(seen.ended, Some(Ok(())), "{:?}", seen.gaps);
        seen.each_scope_ends();
        seen.no_grant_twice();
        seen
    }

    /// Reads everything about everybody.
    pub(crate) fn read_all(&self) -> Seen {
        self.read(|_| true)
    }
}
