//! Families under construction, and the cap on the number of series (MET-2).

use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use scan_contract::Instant;

use crate::hostile;
use crate::metrics::table::{self, Cap, Family, Sort};
use crate::report::{DELAY_BUCKETS_SECONDS, DelayHistogram};

/// The most series a file may hold.
pub(super) const CAP: usize = 2_000;

/// Label values longer than this are cut; configuration keeps them far below.
const LABEL_LIMIT: usize = 128;

/// Values by family.
#[derive(Debug, Default)]
pub(super) struct Series {
    families: Vec<(&'static Family, Vec<Metric>)>,
}

impl Series {
    /// Sets a gauge or counter.
    pub(super) fn set(&mut self, family: &'static Family, labels: &[&str], value: f64) {
        let mut metric = match family.sort {
            Sort::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                Metric::from_gauge(gauge)
            }
            Sort::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                let mut metric = Metric::default();
                metric.set_counter(counter);
                metric
            }
            Sort::Histogram => return,
        };
        metric.set_label(label_pairs(family, labels));
        self.push(family, metric);
    }

    /// Sets a whole number.
    pub(super) fn count(&mut self, family: &'static Family, labels: &[&str], value: u64) {
        self.set(family, labels, value as f64);
    }

    /// Sets a flag.
    pub(super) fn flag(&mut self, family: &'static Family, labels: &[&str], value: bool) {
        self.set(family, labels, f64::from(u8::from(value)));
    }

    /// Sets a time; what is not known stays absent.
    pub(super) fn time(&mut self, family: &'static Family, labels: &[&str], value: Option<Instant>) {
        if let Some(instant) = value {
            self.set(family, labels, instant.timestamp() as f64);
        }
    }

    /// Sets a histogram from the counts kept in the store.
    pub(super) fn histogram(&mut self, family: &'static Family, labels: &[&str], kept: &DelayHistogram) {
        let mut so_far = 0;
        let mut buckets = Vec::with_capacity(DELAY_BUCKETS_SECONDS.len());
        for (bound, count) in DELAY_BUCKETS_SECONDS.iter().zip(kept.counts) {
            so_far += count;
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound as f64);
            bucket.set_cumulative_count(so_far);
            buckets.push(bucket);
        }
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(kept.counts.iter().sum());
        histogram.set_sample_sum(kept.sum_seconds);
        let mut metric = Metric::from_label(label_pairs(family, labels));
        metric.set_histogram(histogram);
        self.push(family, metric);
    }

    fn push(&mut self, family: &'static Family, metric: Metric) {
        match self.families.iter_mut().find(|(known, _)| std::ptr::eq(*known, family)) {
            Some((_, metrics)) => metrics.push(metric),
            None => self.families.push((family, vec![metric])),
        }
    }

    /// Leaves out the families that tell kinds and rules.
    pub(super) fn without_detail(mut self) -> Self {
        self.families.retain(|(family, _)| !family.is_detailed());
        self
    }

    /// The families in the order of the table, at most `cap` series; says how many were left out.
    pub(super) fn into_families(mut self, cap: usize) -> Vec<MetricFamily> {
        // One for the figure of what was left out, which is always there.
        let mut total = 1 + self.families.iter().map(|(family, metrics)| series_of(family, metrics)).sum::<usize>();
        let mut dropped = 0;
        let mut ranked: Vec<(Cap, &'static Family)> =
            self.families.iter().map(|(family, _)| (family.cap, *family)).collect();
        ranked.sort_by_key(|(cap, _)| *cap);
        for (rank, family) in ranked {
            if total <= cap || rank == Cap::Keep {
                break;
            }
            if let Some(index) = self.families.iter().position(|(known, _)| std::ptr::eq(*known, family)) {
                let (_, metrics) = self.families.remove(index);
                total -= series_of(family, &metrics);
                dropped += series_of(family, &metrics);
            }
        }
        self.count(&table::SERIES_DROPPED, &[], dropped as u64);
        let place = |family: &Family| table::families().position(|known| std::ptr::eq(known, family));
        self.families.sort_by_key(|(family, _)| place(family));
        self.families.into_iter().map(|(family, metrics)| family_of(family, metrics)).collect()
    }
}

/// Lines a family takes in the file: a histogram has one a bucket, `+Inf`, sum and count.
fn series_of(family: &Family, metrics: &[Metric]) -> usize {
    match family.sort {
        Sort::Gauge | Sort::Counter => metrics.len(),
        Sort::Histogram => metrics.len() * (DELAY_BUCKETS_SECONDS.len() + 3),
    }
}

fn family_of(family: &Family, metrics: Vec<Metric>) -> MetricFamily {
    let mut made = MetricFamily::default();
    made.set_name(family.name());
    made.set_help(family.help.to_owned());
    made.set_field_type(match family.sort {
        Sort::Gauge => MetricType::GAUGE,
        Sort::Counter => MetricType::COUNTER,
        Sort::Histogram => MetricType::HISTOGRAM,
    });
    made.set_metric(metrics);
    made
}

fn label_pairs(family: &Family, values: &[&str]) -> Vec<LabelPair> {
    debug_assert_eq!(family.labels.len(), values.len(), "{}", family.short_name);
    family
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(hostile::short(value, LABEL_LIMIT));
            pair
        })
        .collect()
}
