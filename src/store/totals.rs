//! The stored form of the figures over all runs, version 1.

use serde::{Deserialize, Serialize};

use crate::report::{DelayHistogram, Totals};
use crate::store::record::{RecordError, VERSION};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTotals {
    v: u32,
    opened: [u64; 5],
    closed: [u64; 5],
    reopened: [u64; 5],
    leavers_clean: u64,
    leavers_residual: u64,
    leavers_unverified: u64,
    revocation_delay: [StoredHistogram; 5],
    detection_delay: StoredHistogram,
}

/// The sum is kept as the bits of the number, so that it comes back exactly.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHistogram {
    counts: [u64; 11],
    sum_bits: u64,
}

/// Writes the figures as compact JSON.
pub fn write_totals(totals: &Totals) -> Result<Vec<u8>, RecordError> {
    Ok(serde_json::to_vec(&StoredTotals {
        v: VERSION,
        opened: totals.opened,
        closed: totals.closed,
        reopened: totals.reopened,
        leavers_clean: totals.leavers_clean,
        leavers_residual: totals.leavers_residual,
        leavers_unverified: totals.leavers_unverified,
        revocation_delay: totals.revocation_delay.each_ref().map(store_histogram),
        detection_delay: store_histogram(&totals.detection_delay),
    })?)
}

/// Reads the figures back.
pub fn read_totals(bytes: &[u8]) -> Result<Totals, RecordError> {
    let stored: StoredTotals = serde_json::from_slice(bytes)?;
    if stored.v != VERSION {
        return Err(RecordError::Newer { found: stored.v });
    }
    Ok(Totals {
        opened: stored.opened,
        closed: stored.closed,
        reopened: stored.reopened,
        leavers_clean: stored.leavers_clean,
        leavers_residual: stored.leavers_residual,
        leavers_unverified: stored.leavers_unverified,
        revocation_delay: stored.revocation_delay.each_ref().map(read_histogram),
        detection_delay: read_histogram(&stored.detection_delay),
    })
}

fn store_histogram(histogram: &DelayHistogram) -> StoredHistogram {
    StoredHistogram { counts: histogram.counts, sum_bits: histogram.sum_seconds.to_bits() }
}

fn read_histogram(stored: &StoredHistogram) -> DelayHistogram {
    DelayHistogram { counts: stored.counts, sum_seconds: f64::from_bits(stored.sum_bits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_back_as_they_were() {
        let mut totals = Totals { opened: [1, 2, 3, 4, 5], leavers_clean: 7, ..Totals::default() };
        totals.revocation_delay[1].observe(3_601);
        totals.detection_delay.observe(u64::from(u32::MAX));
        let bytes = write_totals(&totals).unwrap();
        assert_eq!(read_totals(&bytes).unwrap(), totals);
    }

    #[test]
    fn a_figure_of_a_newer_version_is_an_error_and_not_dropped() {
        let mut value: serde_json::Value = serde_json::from_slice(&write_totals(&Totals::default()).unwrap()).unwrap();
        value["tickets"] = 3.into();
        assert!(read_totals(value.to_string().as_bytes()).is_err());
    }
}
