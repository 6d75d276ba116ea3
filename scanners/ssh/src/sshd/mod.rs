//! `sshd_config`, evaluated for one account as sshd would (sshd_config(5), OpenSSH: `servconf.c`).
//!
//! What depends on the connection (address, host, port) is not known from a tree: every value that some connection
//! could bring about is kept, and only what holds for all of them counts as certain.

mod effective;
mod lex;
mod parse;

pub(crate) use effective::{Effective, Subject, effective};
pub(crate) use parse::{Config, read_config};
