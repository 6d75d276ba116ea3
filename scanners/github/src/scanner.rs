//! The scanner: settings and a door in, scopes out.

use std::sync::Arc;

use async_trait::async_trait;
use scan_contract::{Cause, CredentialFacts, Effort, Identity, Manifest, Outlet, Pass, Rights, Scanner, Sealed};
use scan_transport::{Credential, Door, Secrets};

use crate::check;
use crate::client::Client;
use crate::hub::{Hub, SharedGranted, scope};
use crate::read::{
    apps, audit, credentials, enterprise, follow, identities, invitations, members, outside, repositories, roles,
    seats, teams, tokens,
};
use crate::scopes::{self, Walk};
use crate::settings::{Settings, SignIn};
use crate::sign_in::{AppInstallation, Token};
use crate::told::Work;

/// What leads out of a scanner.
#[derive(Clone)]
pub struct Ways {
    /// The door, opened with [`Settings::door`] and [`Settings::allow`], or onto a recording.
    pub door: Door,
    /// Fetches secrets.
    pub secrets: Arc<dyn Secrets>,
}

/// Reads one organisation.
pub struct GitHub {
    hub: Arc<Hub>,
    manifest: Manifest,
    app: Option<Arc<AppInstallation>>,
}

/// The connector's description, from `manifest.yaml`.
pub fn manifest() -> Result<Manifest, String> {
    Manifest::parse(include_str!("../manifest.yaml"))
}

impl GitHub {
    /// A scanner for one organisation. Nothing is sent and no secret fetched yet.
    ///
    /// # Errors
    /// `Bug` for a damaged manifest, `Malformed` for an API version that is no header value.
    #[expect(clippy::needless_pass_by_value, reason = "every scanner is given its own ways")]
    pub fn new(settings: Settings, ways: Ways) -> Result<Self, Cause> {
        let manifest =
            manifest().map_err(|error| Cause::Bug { what: format!("manifest of the github scanner: {error}") })?;
        let granted = SharedGranted::default();
        let (door, app) = signed(&settings, &ways, &granted);
        let client = Client::new(&settings, door)?;
        Ok(Self { hub: Arc::new(Hub::new(settings, client, granted)), manifest, app })
    }

    /// GraphQL points spent so far, and the queries that spent them.
    pub fn points(&self) -> (u64, u64) {
        self.hub.client.points()
    }

    async fn walk(&self, walk: Walk, work: Work<'_>) -> Result<(), Cause> {
        match walk {
            Walk::AuditLog => audit::read(work).await,
            Walk::Members => members::read(work).await,
            Walk::OutsideCollaborators => outside::read(work).await,
            Walk::Invitations => invitations::read(work).await,
            Walk::Teams => teams::read(work).await,
            Walk::Roles => roles::read(work).await,
            Walk::Identities => identities::read(work).await,
            Walk::Credentials => {
                let result = credentials::read(work).await;
                work.end(&scope(scopes::CREDENTIAL_AUTHORIZATIONS), result).await?;
                tokens::read(work).await
            }
            Walk::Machinery => apps::read(work).await,
            Walk::Seats => seats::read(work).await,
            Walk::Repositories => repositories::read(work).await,
            Walk::Enterprise => enterprise::read(work).await,
        }
    }
}

/// The door with the configured credential. A recording needs none.
fn signed(settings: &Settings, ways: &Ways, granted: &SharedGranted) -> (Door, Option<Arc<AppInstallation>>) {
    if ways.door.replays() {
        return (ways.door.clone(), None);
    }
    match &settings.sign_in {
        SignIn::Token(reference) => {
            let token: Arc<dyn Credential> = Arc::new(Token::new(reference.clone(), Arc::clone(&ways.secrets)));
            (ways.door.with_credential(token), None)
        }
        SignIn::App { issuer, private_key, installation_id } => {
            let app = Arc::new(AppInstallation::new(
                ways.door.clone(),
                settings.rest(),
                settings.organisation.login.clone(),
                settings.api_version.clone(),
                issuer.clone(),
                private_key.clone(),
                *installation_id,
                Arc::clone(&ways.secrets),
                Arc::clone(granted),
            ));
            let credential: Arc<dyn Credential> = Arc::clone(&app) as _;
            (ways.door.with_credential(credential), Some(app))
        }
    }
}

#[async_trait]
impl Scanner for GitHub {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn identify(&self) -> Result<Identity, Cause> {
        let found = self.hub.organisation().await?;
        let declared = &self.hub.settings.organisation;
        // Logins have no case; an id is compared only where it is declared.
        let say = |login: &str, id: Option<u64>| {
            let login = login.to_ascii_lowercase();
            id.map_or_else(|| login.clone(), |id| format!("{login} (id {id})"))
        };
        Ok(Identity {
            declared: say(&declared.login, declared.id),
            found: say(&found.login, declared.id.map(|_| found.id)),
        })
    }

    async fn declare(&self) -> Result<Vec<Pass>, Cause> {
        Ok(scopes::passes(&self.hub.settings))
    }

    async fn read(&self, pass: &Pass, outlet: Outlet) -> Result<Sealed, Cause> {
        let work = Work { hub: &self.hub, outlet: &outlet };
        match scopes::walk_of(pass) {
            Some(walk) => self.walk(walk, work).await?,
            None => follow::read(work, &pass.scopes).await?,
        }
        Ok(outlet.finish())
    }

    async fn check_rights(&self) -> Result<Option<Rights>, Cause> {
        if self.hub.client.door().replays() {
            return Ok(None);
        }
        check::rights(&self.hub, &self.manifest).await.map(Some)
    }

    fn policy(&self) -> Option<String> {
        Some(String::from(POLICY))
    }

    fn credential(&self) -> CredentialFacts {
        self.hub.credential()
    }

    fn effort(&self) -> Option<Effort> {
        Some(self.hub.client.door().effort())
    }

    async fn close(&self) -> Result<(), Cause> {
        match &self.app {
            Some(app) => app.give_back().await,
            None => Ok(()),
        }
    }
}

/// What an owner creates the App from: the manifest of a GitHub App with exactly the permissions of the table.
pub const POLICY: &str = include_str!("../policy.json");
