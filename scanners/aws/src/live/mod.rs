//! Reads AWS itself, through the door.

mod allow;
mod ask;
mod bulk;
mod clients;
mod connector;
mod failure;
mod index;
mod scopes;
mod settings;
mod sign_in;
