//! Who is read when, how far it got, and the verdict.
//!
//! The engine alone says `complete`: in [`coverage`], and nowhere else. What a scanner hands over is necessary, never
//! sufficient.
//!
//! | file | what happens there |
//! |---|---|
//! | [`plan`] | scopes declared and written down before anything is read |
//! | [`drive`] | scanners are run side by side; a panic or hang of one stays its own |
//! | [`apps`] | systems that exist and are not connected |
//! | [`carried`] | what is known of systems that a run does not read |
//! | [`coverage`] | how far each scope got |
//! | [`intake`] | what comes in is counted and sifted: whose might matter |
//! | [`follow`] | what is read in depth, and for whom |
//! | `sift` | whose a record plainly is, by its head alone |
//! | [`interest`] | which people matter now |
//! | [`directory`] | people, by id, as other rooms ask for them |
//! | [`attribute`] | lessons across systems, then whose each grant is |
//! | [`supersede`] | of two records of one grant, the closer look stands |
//! | [`assess`] | one grant and one person become a finding, a remnant or nothing |
//! | [`judgement`] | findings, what cannot be told, what belongs to nobody |
//! | [`second`] | a live system is asked once more for what it listed |
//! | [`settle`] | findings meet what is remembered of them |
//! | `wishes` | what tickets should tell of it |
//! | `closing` | scopes settled, report made |
//! | `changes` | what is committed |
//! | [`dry`] | a store that keeps nothing |
//! | [`picture`] | leavers by system, flags, exit code |

pub mod apps;
pub mod assess;
pub mod attribute;
pub mod carried;
mod changes;
mod closing;
pub mod coverage;
pub mod directory;
#[cfg(test)]
mod doubt_tests;
pub mod drive;
pub mod dry;
pub mod engine;
pub mod follow;
#[cfg(test)]
mod follow_tests;
pub mod intake;
pub mod interest;
pub mod judgement;
pub mod picture;
pub mod plan;
pub mod progress;
#[cfg(test)]
mod run_tests;
pub mod second;
pub mod settle;
mod sift;
pub mod supersede;
mod wishes;
#[cfg(test)]
mod world;

pub use engine::{Engine, RunError, RunOutcome};
pub use progress::{Event, Progress, Silent};
