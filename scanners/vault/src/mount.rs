//! Namespaces and mounts, and the paths made of them.

use std::fmt;
use std::sync::Arc;

/// What is mounted. The words are the server's own (`type` of a mount), with the version of a key-value store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Key-value store with versions and metadata.
    KvV2,
    /// Key-value store without: no times.
    KvV1,
    /// Certificate authority.
    Pki,
    /// SSH certificate authority.
    Ssh,
    /// Database credentials.
    Database,
    /// Users with passwords.
    Userpass,
    /// A directory.
    Ldap,
    /// JWT and OIDC.
    Jwt,
    /// Service accounts of a cluster.
    Kubernetes,
    /// TLS certificates.
    Cert,
    /// Role id and secret id.
    AppRole,
    /// Anything else, by its word.
    Other(String),
}

impl Engine {
    /// The words a configuration may use.
    pub const WORDS: [&'static str; 11] =
        ["kv-v2", "kv-v1", "pki", "ssh", "database", "userpass", "ldap", "jwt", "kubernetes", "cert", "approle"];

    /// The engine of a word of a configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "kv-v2" => Self::KvV2,
            "kv-v1" => Self::KvV1,
            "pki" => Self::Pki,
            "ssh" => Self::Ssh,
            "database" => Self::Database,
            "userpass" => Self::Userpass,
            "ldap" => Self::Ldap,
            "jwt" => Self::Jwt,
            "kubernetes" => Self::Kubernetes,
            "cert" => Self::Cert,
            "approle" => Self::AppRole,
            _ => return None,
        })
    }

    /// A secrets engine by the server's word and the version in its options.
    pub(crate) fn of_secrets(word: &str, version: Option<&str>) -> Self {
        match (word, version) {
            ("kv", Some("2")) => Self::KvV2,
            ("kv" | "generic", _) => Self::KvV1,
            ("pki", _) => Self::Pki,
            ("ssh", _) => Self::Ssh,
            ("database", _) => Self::Database,
            (other, _) => Self::Other(other.to_owned()),
        }
    }

    /// A sign-in method by the server's word.
    pub(crate) fn of_sign_in(word: &str) -> Self {
        match word {
            "userpass" => Self::Userpass,
            "ldap" => Self::Ldap,
            "jwt" | "oidc" => Self::Jwt,
            "kubernetes" => Self::Kubernetes,
            "cert" => Self::Cert,
            "approle" => Self::AppRole,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether it is a sign-in method.
    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self, Self::Userpass | Self::Ldap | Self::Jwt | Self::Kubernetes | Self::Cert | Self::AppRole)
    }
}

/// A namespace by its path, without slashes at its ends; the root is empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Namespace(Arc<str>);

impl Namespace {
    /// The namespace of a path as people or the server write it.
    pub(crate) fn of(path: &str) -> Self {
        let path = path.trim_matches('/');
        Self(Arc::from(if path == "root" { "" } else { path }))
    }

    /// One below this one.
    pub(crate) fn below(&self, path: &str) -> Self {
        let path = path.trim_matches('/');
        if self.is_root() { Self::of(path) } else { Self(Arc::from(format!("{}/{path}", self.0))) }
    }

    /// Whether it is the root.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path; empty for the root.
    pub(crate) fn path(&self) -> &str {
        &self.0
    }

    /// What stands in front of paths in messages and policies: nothing for the root, else the path and a slash.
    pub(crate) fn prefix(&self) -> String {
        if self.is_root() { String::new() } else { format!("{}/", self.0) }
    }

    /// Its word in scope names. No namespace can be called `root`: the server reserves the word.
    pub(crate) fn word(&self) -> String {
        if self.is_root() { String::from("root") } else { crate::names::encode(&self.0) }
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Namespace({:?})", &self.0)
    }
}

/// One mount of one namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Mount {
    /// Path without slashes at its ends, and without `auth/`.
    pub(crate) path: String,
    /// What it is.
    pub(crate) engine: Engine,
    /// Accessor, by which aliases name it; empty where the configuration listed it.
    pub(crate) accessor: String,
}

impl Mount {
    /// Path as the server writes it in policies: with `auth/` for sign-in methods.
    pub(crate) fn full(&self) -> String {
        if self.engine.is_sign_in() { format!("auth/{}", self.path) } else { self.path.clone() }
    }
}
