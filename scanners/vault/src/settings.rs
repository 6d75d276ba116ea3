//! What a configuration says about one cluster. Plain data.

use scan_transport::{Connection, Dialect, OriginRule, PaceSettings, SecretRef};
use url::Url;

use crate::mount::Engine;

/// Which cluster is meant (CMP-1). The server tells both to anybody (`sys/health`), unless a listener hides the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// Its id, a UUID that never changes.
    Id(String),
    /// Its name.
    Name(String),
}

/// How the scanner signs in. A token that was signed in for is revoked at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// A token that somebody else renews; it is not revoked.
    Token(SecretRef),
    /// AppRole.
    AppRole {
        /// Where the method is mounted, such as `approle`.
        mount: String,
        /// The role's id.
        role_id: String,
        /// Where the secret id is kept.
        secret_id: SecretRef,
    },
    /// Kubernetes: the service account's token, read anew at each sign-in.
    Kubernetes {
        /// Where the method is mounted, such as `kubernetes`.
        mount: String,
        /// Role.
        role: String,
        /// Where the service account's token is kept.
        jwt: SecretRef,
    },
    /// JWT of any issuer the method trusts.
    Jwt {
        /// Where the method is mounted, such as `jwt`.
        mount: String,
        /// Role; empty for the method's default role.
        role: String,
        /// Where the token is kept.
        jwt: SecretRef,
    },
}

/// Which namespaces are read. The root namespace is written as an empty text or as `root`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespaces {
    /// These and no others.
    Listed(Vec<String>),
    /// The sign-in namespace and every one below it.
    Discover,
}

/// What is read only where the configuration allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// Declared, and told as not attempted with what it needs.
    #[default]
    Off,
    /// Read.
    On,
}

/// A mount that is read even where `sys/mounts` or `sys/auth` may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMount {
    /// Its namespace.
    pub namespace: String,
    /// Its path, without `auth/` for sign-in methods.
    pub path: String,
    /// What it is.
    pub engine: Engine,
}

/// Limits of one run. Whatever hits one is told as a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Token accessors looked up in one namespace.
    pub tokens: usize,
    /// Leases listed in one namespace.
    pub leases: usize,
    /// Secret ids looked up at one mount.
    pub secret_ids: usize,
    /// Folders and secrets of one key-value store looked at.
    pub secrets: usize,
    /// Secrets told for one entity.
    pub secrets_per_entity: usize,
    /// Certificates read at one mount.
    pub certificates: usize,
    /// Groups, policies or roles read in one place.
    pub definitions: usize,
    /// Levels of groups in groups, of namespaces, of lease folders.
    pub depth: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            tokens: 200_000,
            leases: 200_000,
            secret_ids: 20_000,
            secrets: 100_000,
            secrets_per_entity: 2_000,
            certificates: 50_000,
            definitions: 20_000,
            depth: 16,
        }
    }
}

/// One cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Configured id of the system.
    pub system: String,
    /// Address of the server, such as `https://vault.example:8200`; a path in front of `/v1` is kept.
    pub address: Url,
    /// Which cluster it must be.
    pub cluster: Cluster,
    /// Namespace in which the scanner signs in; empty for the root.
    pub sign_in_namespace: String,
    /// How it signs in.
    pub sign_in: SignIn,
    /// Which namespaces are read.
    pub namespaces: Namespaces,
    /// Token accessors: needs `sudo`, and an accessor is a handle for revocation.
    pub token_accessors: Switch,
    /// Leases: needs `sudo`.
    pub leases: Switch,
    /// Owners in the metadata of every secret: one call a secret on Vault, one a folder on OpenBao.
    pub secret_owners: Switch,
    /// Mounts that are read although discovery is not permitted.
    pub mounts: Vec<ListedMount>,
    /// Keys of metadata that name an owner (secret ids, secrets, entities, aliases).
    pub owner_keys: Vec<String>,
    /// Sign-in methods whose names are ids at a configured identity provider: path of the mount without `auth/`, and id
    /// of that system. The provider's accounts then lead to the same people.
    pub identity_providers: Vec<(String, String)>,
    /// Limits.
    pub caps: Caps,
    /// How it is reached.
    pub connection: Connection,
}

impl Settings {
    /// A cluster with a token or role, and everything else at its default.
    pub fn new(system: impl Into<String>, address: Url, cluster: Cluster, sign_in: SignIn) -> Self {
        Self {
            system: system.into(),
            address,
            cluster,
            sign_in_namespace: String::new(),
            sign_in,
            namespaces: Namespaces::Listed(vec![String::new()]),
            token_accessors: Switch::Off,
            leases: Switch::Off,
            secret_owners: Switch::Off,
            mounts: Vec::new(),
            owner_keys: Self::default_owner_keys(),
            identity_providers: Vec::new(),
            caps: Caps::default(),
            connection: Connection::default(),
        }
    }

    /// The keys that name an owner where the configuration says nothing.
    pub fn default_owner_keys() -> Vec<String> {
        ["owner", "owner-email", "owner_email", "created_by", "requested_by"].map(String::from).to_vec()
    }

    /// What the door is told. The pace is shy: a server resolves every accessor and every folder one by one.
    ///
    /// # Errors
    /// An address that no request can be sent to.
    pub fn door(&self) -> Result<scan_transport::Settings, scan_contract::Cause> {
        let origin = OriginRule::of(&self.address, self.connection.reach()).ok_or_else(|| {
            scan_contract::Cause::Unreachable {
                step: String::from("read the address of the configuration"),
                detail: String::from("it needs https or http, a host, and no user information"),
            }
        })?;
        let mut connection = self.connection.clone();
        connection.pace.get_or_insert(PaceSettings {
            per_second: 20.0,
            burst: 20,
            in_flight: 4,
            ..PaceSettings::default()
        });
        Ok(scan_transport::Settings::new(self.system.clone(), vec![origin], Dialect::Vault, connection))
    }
}
