//! The canary suite (SEC-6, row M6): distinct random secrets wherever a secret can be, and every output searched for them,
//! at the highest log level: terminal, log, reports in every format, state directory with all side files, row by row,
//! metrics, tickets as they arrived, recordings, the temporary directory, core files.
//!
//! | file | secrets in |
//! |---|---|
//! | `files` | exports, rosters, host trees, documents: fields nobody asked for, lines nobody can decode |
//! | `systems` | credentials of each live system, and each part of its answers |
//! | `rosters` | the same for HR systems; columns nobody mapped |
//! | `trackers` | credentials of each tracker, its answers, and what arrived there |
//! | `service` | bearer, TLS key, Pushgateway; requests; the page; a panic and an abort |
//! | `control` | what has to be found: the search itself, in each kind of place |
//! | `search`, `place` | the search; a company whose every secret is a canary |

mod control;
mod files;
mod place;
mod rosters;
mod search;
mod service;
mod systems;
mod trackers;
