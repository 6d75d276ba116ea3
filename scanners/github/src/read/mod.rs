//! One file a walk or a kind of thing: asks, and tells what the answers say.

pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod codeowners;
pub(crate) mod credentials;
pub(crate) mod enterprise;
pub(crate) mod environments;
pub(crate) mod follow;
pub(crate) mod hooks;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod keys;
pub(crate) mod members;
pub(crate) mod outside;
pub(crate) mod repositories;
pub(crate) mod repository;
pub(crate) mod roles;
pub(crate) mod runners;
pub(crate) mod seats;
pub(crate) mod secrets;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod workflows;
