//! Holdover finds the access that outlives employment, and says what it could not see.
//!
//! Facts flow one way: roster and scanners give an inventory of accesses with coverage; identity says whose they are;
//! rules say what is wrong; findings remember; the report tells. A gap is a result, never an absence.
//!
//! | room | what happens there |
//! |---|---|
//! | [`clock`], [`randomness`] | the places that ask the time and draw random bytes |
//! | [`problem`], [`yaml`] | mistakes in what people write, with file, line and column |
//! | [`normal`], [`hostile`] | normal forms for comparison; making foreign text inert |
//! | [`config`] | what a configuration file may say, and what the program may trust |
//! | [`credentials`] | secrets, fetched from where they are kept |
//! | [`roster`] | who is employed from when to when; the gates a roster must pass |
//! | [`policy`], [`exceptions`] | how long what may stay; who may keep what until when |
//! | [`scanners`] | the list of scanners |
//! | [`inventory`] | what was seen: distinct keys, drops, differences |
//! | [`identity`] | whose it is, with evidence |
//! | [`rules`] | what is wrong, three-valued |
//! | [`findings`] | usability, severity, fingerprint, and the life of a finding |
//! | [`run`] | who is read when, how far it got, and the verdict |
//! | [`report`] | the picture of a run that every output reads |
//! | [`store`] | what is kept between runs; the ledger |
//! | [`emit`], [`metrics`] | outputs |
//! | [`page`] | the web page of the service |
//! | [`tickets`] | findings become tickets, by a command and a credential of their own |
//! | [`serve`] | the service: schedule, HTTP, reload |
//! | [`cli`] | the command line |

pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod emit;
pub mod exceptions;
pub mod findings;
pub mod hostile;
pub mod identity;
pub mod inventory;
pub mod metrics;
pub mod normal;
pub mod page;
pub mod policy;
pub mod problem;
pub mod randomness;
pub mod report;
pub mod roster;
pub mod rules;
pub mod run;
pub mod scanners;
pub mod serve;
pub mod store;
pub mod tickets;
pub mod yaml;
