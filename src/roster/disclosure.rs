//! What may be told yet. The roster says who will be dismissed before they know.
//!
//! Ends that lie ahead and undisclosed batches appear in no output, count or error text. This room keeps to it itself:
//! gates count passed ends only, conflicts about an end ahead are not worded, and rows that speak of one are not quoted.

use scan_contract::Instant;

use super::model::Stint;
use super::settings::BatchDisclosure;

/// Whether the end of a stint has passed and may be spoken of.
pub fn end_has_passed(stint: &Stint, now: Instant) -> bool {
    stint.end.as_ref().is_some_and(|end| end.at <= now)
}

/// Whether the batch of a stint may be named. A configured instant decides; without one, the end does.
pub fn batch_disclosed(disclosures: &[BatchDisclosure], stint: &Stint, now: Instant) -> bool {
    let Some(batch) = &stint.batch else { return true };
    match disclosures.iter().find(|disclosure| *disclosure.batch == **batch) {
        Some(disclosure) => disclosure.disclosed_at <= now && end_has_passed(stint, now),
        None => end_has_passed(stint, now),
    }
}
