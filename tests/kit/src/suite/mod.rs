//! The contract suite: what every live scanner is held to before it ships, without the engine.
//!
//! A scanner's test implements [`Bench`]: how its service is set up, what each denied operation must spoil, which lists
//! page, what happens in the service's own dialect. The suite does the rest. Everything a reading is judged by is either
//! another reading of the same world or told by the bench from the stub's truth; the one oracle under all points is
//! [`silent_losses`]: a scope that is called complete holds everything.
//!
//! ```ignore
//! struct AcmeBench;
//! impl holdover_kit::suite::Bench for AcmeBench { /* ... */ }
//! holdover_kit::contract_suite!(AcmeBench);
//! ```
//!
//! That makes one test a point. [`hundred_thousand_objects_within`] measures memory of the whole process and is called
//! from an ignored test or a test program of its own.
//!
//! What a bench has to see to:
//! - The scanner gets a fixed clock and the server the same one ([`crate::fault::Build::dated`]), so that two readings
//!   can be equal.
//! - Scopes that are declared and never read (`Needs`, `NotSupported`, `NotOnPlan`) are excused under
//!   [`Point::RightCredentials`] with their kind as the part; routes that the usual reading does not ask, under
//!   [`Point::RoutesDenied`] and [`Point::OnlyListedRequests`] with the operation.
//! - Two or three attempts at one request, since every wait is real.
//! - The stub refuses what the scanner's own policy does not grant, so that [`right_credentials`] proves the policy.
//! - In [`Stage::Usual`] every list that pages has at least two pages: ask for small pages, or fill it.
//! - Opting out ([`Bench::excuses`]) takes a written reason, is printed, and counted ([`excuses_taken`]).
//!
//! | point | what it holds a scanner to |
//! |---|---|
//! | [`right_credentials`] | all complete, all kinds of the manifest, all rights, effort = requests sent |
//! | [`wrong_credentials`] | nothing complete, nothing read, no hammering |
//! | [`wrong_tenant`] | every scope fails and names both |
//! | [`every_route_denied_gives_its_gap`] | each operation denied: its gaps, with the right by name, and no others |
//! | [`pages`] | 0, 1, a full page, one more, many; faults of paging |
//! | [`two_full_reads_are_equal`] | the same world gives the same reading |
//! | [`every_state`] | every state, every kind that the manifest promises |
//! | [`limits_in_each_form`] | throttles are waited for, and are no refusals |
//! | [`expiry_in_mid_walk`] | renewed and the same, or told |
//! | [`self_sighting`] | the known object is looked for |
//! | [`only_listed_requests`] | nothing else is sent, everything listed is used |
//! | [`canaries_stay_in`] | no secret in records, gaps, rights, policy, log at its highest level |
//! | [`hostile_names_everywhere`] | names stay names in every request |
//! | [`cut_at_every_page_then_resume`] | cut, reset, down, killed: nothing lost in silence, then all of it |
//! | [`partial_replies`] | 200 is not enough |
//! | [`hundred_thousand_objects_within`] | memory does not grow with the organisation |

mod bench;
mod compare;
mod cuts;
mod drive;
mod large;
mod points;
mod read;
mod secrets;

pub use bench::{
    Bench, Class, Credential, Excuse, Expiry, List, Mishap, Point, Route, Service, Setting, Spoils, Stage, Truth,
};
pub use compare::{differences, silent_losses};
pub use cuts::cut_at_every_page_then_resume;
pub use drive::excuses_taken;
pub use large::{Took, hundred_thousand_objects_within, resident};
pub use points::{
    every_route_denied_gives_its_gap, every_state, expiry_in_mid_walk, limits_in_each_form, only_listed_requests,
    pages, partial_replies, right_credentials, self_sighting, two_full_reads_are_equal, wrong_credentials,
    wrong_tenant,
};
pub use read::{Follow, Keep, Reading, ScopeReading, read_everything, read_keeping};
pub use secrets::{canaries_stay_in, hostile_names, hostile_names_everywhere};

/// One test for each point of the suite, in a module of the given name or `contract_suite`.
#[macro_export]
macro_rules! contract_suite {
    ($bench:expr) => {
        $crate::contract_suite!(contract_suite, $bench);
    };
    ($name:ident, $bench:expr) => {
        mod $name {
            use super::*;

            $crate::contract_suite!(@points $bench;
                right_credentials, wrong_credentials, wrong_tenant, every_route_denied_gives_its_gap, pages,
                two_full_reads_are_equal, every_state, limits_in_each_form, expiry_in_mid_walk, self_sighting,
                only_listed_requests, canaries_stay_in, hostile_names_everywhere, cut_at_every_page_then_resume,
                partial_replies);
        }
    };
    (@points $bench:expr; $($point:ident),+) => {
        $(
            #[test]
            fn $point() {
                $crate::suite::$point(&$bench);
            }
        )+
    };
}
