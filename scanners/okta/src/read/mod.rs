//! The walks: one file a list.

pub(crate) mod api_tokens;
pub(crate) mod apps;
pub(crate) mod follow;
pub(crate) mod lane;
pub(crate) mod log;
pub(crate) mod person;
pub(crate) mod policies;
pub(crate) mod refresh_tokens;
pub(crate) mod roles;
pub(crate) mod side_by_side;
pub(crate) mod users;

use std::sync::{Arc, OnceLock};

use scan_contract::Cause;
use tokio::sync::{Mutex, OnceCell};

use crate::client::{Client, Found};
use crate::settings::Settings;
use crate::wire::{OrganisationReply, User};

/// What every walk shares.
pub(crate) struct Reader {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) roles: roles::RoleBook,
    /// Longest life of a session, once it was read, or why it will not be.
    pub(crate) longest_session: Mutex<Option<Result<policies::LongestSession, Cause>>>,
    /// Set once Okta has said that this organisation has no devices.
    pub(crate) no_devices: OnceLock<Cause>,
    organisation: OnceCell<OrganisationReply>,
}

impl Reader {
    /// A reader of one organisation.
    pub(crate) fn new(client: Client, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            client,
            settings,
            roles: roles::RoleBook::default(),
            longest_session: Mutex::default(),
            no_devices: OnceLock::new(),
            organisation: OnceCell::new(),
        })
    }

    /// Requests at once.
    pub(crate) fn at_once(&self) -> usize {
        self.settings.connection.pace.map_or(6, |pace| pace.in_flight).clamp(1, 64)
    }

    /// The `limit` of a list whose pages hold at most `most` objects.
    pub(crate) fn page_of(&self, most: u16) -> String {
        self.settings.page.map_or(most, |page| page.get().min(most)).to_string()
    }

    /// What the organisation says of itself.
    pub(crate) async fn organisation(&self) -> Result<&OrganisationReply, Cause> {
        self.organisation
            .get_or_try_init(|| async {
                let parts = [".well-known", "okta-organization"];
                match self.client.one::<OrganisationReply>(&parts).await? {
                    Found::There(reply) => Ok(reply),
                    Found::Gone => Err(Cause::NotSupported {
                        what: String::from("the address answers, and says that it is no Okta organisation"),
                    }),
                }
            })
            .await
    }

    /// A user, or that Okta says there is none. Not from the search index: what it says is true now.
    pub(crate) async fn user(&self, id: &str) -> Result<Found<User>, Cause> {
        self.client.one::<User>(&["api", "v1", "users", id]).await
    }
}
