//! The page `docs/metrics.md`, made from the table.

use crate::metrics::series::CAP;
use crate::metrics::table::{Cap, Family, TABLE, families};
use crate::report::DELAY_BUCKETS_SECONDS;

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(BEGIN);
    for (section, rows) in TABLE {
        append(&mut page, format_args!("\n## {section}\n\n| Name | Type | Labels | Meaning |\n|---|---|---|---|\n"));
        for family in *rows {
            append(&mut page, format_args!("{}\n", row(family)));
        }
    }
    append(&mut page, format_args!("\n## Buckets\n\nUpper bounds of both histograms: {}, and `+Inf`.\n", buckets()));
    append(&mut page, format_args!("\n## Too many series\n\n{}", too_many()));
    page
}

fn append(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.push_str(&text.to_string());
}

fn row(family: &Family) -> String {
    let labels = match family.labels {
        [] => String::from("none"),
        labels => labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", "),
    };
    let note = if family.note.is_empty() { String::new() } else { format!(" {}", family.note) };
    format!("| `{}` | {} | {labels} | {}{note} |", family.name(), family.sort.as_str(), family.help)
}

fn buckets() -> String {
    let word = |seconds: &u64| match seconds {
        hours if hours % 86_400 != 0 || *hours <= 259_200 => format!("{} h", hours / 3_600),
        days => format!("{} d", days / 86_400),
    };
    DELAY_BUCKETS_SECONDS.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn too_many() -> String {
    let mut order: Vec<(u8, String)> = families()
        .filter_map(|family| match family.cap {
            Cap::LeaveOut(rank) => Some((rank, family.name())),
            Cap::Keep => None,
        })
        .collect();
    order.sort();
    let names: Vec<String> = order.into_iter().map(|(_, name)| format!("`{name}`")).collect();
    format!(
        "A file holds at most {CAP} series. Beyond that whole families are left out, in this order, until the rest fits; \
         `holdover_metrics_series_dropped` says how many series that cost.\n\n{}.\n",
        names.join(", ")
    )
}

const BEGIN: &str = "\
# Metrics

<!-- Made from src/metrics/table.rs; `HOLDOVER_WRITE=1 cargo test --lib metrics` writes it anew. -->

Every run writes the file named by `metrics.textfile` for the textfile reader of the Prometheus node exporter, and hands
the same figures to the Pushgateway of `metrics.pushgateway`, also when it fails. The text is format 0.0.4 without timestamps.

- What is not known is absent, never zero. Known series begin with zero, so that the first finding shows as a step.
- Counters and histograms are kept in the store over all runs. A new state directory begins them anew.
- Labels come from the configuration and from closed sets. No person, account, key, host, exception or error text is one.
- Nothing that lies in the future is counted: no announced departures, no undisclosed batches.
- `metrics.min_detail: system` leaves out the families with the labels `kind` and `rule`, for places with so few leavers
  that system, kind and time would point to one person.
- A run that fails before it has a report writes its exit code, `holdover_scan_success` 0 for every system, and what the
  store still knows of earlier runs. The counts of findings are withdrawn: they would look fresh. So are the flags of the
  verdict that it did not come to. A run that finds the store busy, and a mistake on the command line, write nothing.

How to have them scraped, what to alert on and what the dashboards show is in [monitoring.md](monitoring.md).
";
