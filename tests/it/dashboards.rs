//! Dashboards, rules and runbooks against the table of metrics, and against the rules of dashboard-linter 0.1 (which is
//! a Go program; its rules are rebuilt here). That every query parses and answers is shown by the real Prometheus, in
//! `tests/check_prometheus.sh`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use holdover::cli::arguments::Arguments;
use holdover::metrics::table::{self, Sort};
use holdover::yaml::Document;
use serde_json::Value;

const DASHBOARDS: [&str; 2] = ["orphaned-access.json", "scanner-health.json"];

/// Families that no panel shows, and why.
const EXCUSED: &[(&str, &str)] = &[
    ("config_last_change_timestamp_seconds", "drawn as a mark in every graph"),
    (
        "exceptions_next_expiry_timestamp_seconds",
        "the number that ends soon is shown; the day would point to one exception",
    ),
];

/// Labels that Prometheus and the exporters add.
const FOREIGN_LABELS: &[&str] = &["job", "instance", "le", "file", "alertname"];

/// Metrics of other programs that rules may use.
const FOREIGN_METRICS: &[&str] = &["up", "node_textfile_scrape_error", "node_textfile_mtime_seconds"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(name: &str) -> Value {
    let document =
        Document::read(Path::new(name), &read(name)).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    document.json("").expect("a document")
}

fn boards() -> Vec<(&'static str, Value)> {
    DASHBOARDS.map(|name| (name, serde_json::from_str(&read(name)).expect("JSON"))).to_vec()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Every panel, with a name for messages.
fn panels() -> Vec<(String, Value)> {
    let of = |(name, board): &(&str, Value)| {
        list(&board["panels"])
            .iter()
            .map(|panel| (format!("{name}: {}", panel["title"].as_str().unwrap_or("untitled")), panel.clone()))
            .collect::<Vec<_>>()
    };
    boards().iter().flat_map(of).collect()
}

fn targets() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (place, panel) in panels() {
        for target in list(&panel["targets"]) {
            found.push((place.clone(), text(&target["expr"]).to_owned()));
        }
    }
    assert!(found.len() > 50, "only {} queries", found.len());
    found
}

/// Words of an expression that are not inside quotes; a word may hold colons.
fn words(expression: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut quoted = None;
    let mut word = String::new();
    for (at, letter) in expression.char_indices().chain([(expression.len(), ' ')]) {
        if quoted.is_some() || letter == '"' || letter == '\'' {
            quoted = match quoted {
                Some(mark) if mark == letter => None,
                Some(mark) => Some(mark),
                None => Some(letter),
            };
            continue;
        }
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '$') {
            word.push(letter);
        } else if !word.is_empty() {
            found.push((at - word.len(), std::mem::take(&mut word)));
        }
    }
    found
}

fn is_metric(word: &str) -> bool {
    word.contains("holdover_") || word.starts_with("node_") || word == "up"
}

/// The family of a series, by our table: a histogram has three.
fn family(series: &str) -> Option<&'static table::Family> {
    let named = |name: &str| table::families().find(|family| family.name() == name);
    named(series).or_else(|| {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| series.strip_suffix(end))?;
        named(of_histogram).filter(|family| family.sort == Sort::Histogram)
    })
}

fn records() -> BTreeMap<String, String> {
    let rules = yaml("rules.yaml");
    let mut found = BTreeMap::new();
    for rule in list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"])) {
        if let Some(record) = rule["record"].as_str() {
            found.insert(record.to_owned(), text(&rule["expr"]).to_owned());
        }
    }
    assert!(found.len() >= 8);
    found
}

fn alerts() -> BTreeMap<String, Value> {
    let rules = yaml("rules.yaml");
    let all = list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"]));
    all.filter_map(|rule| Some((rule["alert"].as_str()?.to_owned(), rule.clone()))).collect()
}

/// What is wrong with the metrics of one expression.
fn unknown(expression: &str, records: &BTreeMap<String, String>) -> Vec<String> {
    let known = |word: &str| records.contains_key(word) || family(word).is_some() || FOREIGN_METRICS.contains(&word);
    words(expression).into_iter().map(|(_, word)| word).filter(|word| is_metric(word) && !known(word)).collect()
}

/// Selectors of an expression: metric, and what stands in its braces.
fn selectors(expression: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, word) in words(expression).into_iter().filter(|(_, word)| is_metric(word)) {
        let rest = &expression[at + word.len()..];
        let inside = rest.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
        found.push((word, inside.to_owned()));
    }
    found
}

#[test]
fn every_metric_in_a_dashboard_exists() {
    let records = records();
    for (place, expression) in targets() {
        assert_eq!(unknown(&expression, &records), Vec::<String>::new(), "{place}");
    }
    for (name, board) in boards() {
        let variables = list(&board["templating"]["list"]).iter().filter(|variable| variable["type"] == "query");
        let marks = list(&board["annotations"]["list"]).iter().map(|mark| text(&mark["expr"]).to_owned());
        let queries = variables.map(|variable| text(&variable["query"]["query"]).to_owned()).chain(marks);
        for query in queries {
            assert_eq!(unknown(&query, &records), Vec::<String>::new(), "{name}");
        }
    }
    assert!(!unknown("sum(holdover_residual_finding)", &records).is_empty(), "the check can fail");
}

#[test]
fn every_metric_in_a_rule_exists() {
    let records = records();
    let alerts = alerts();
    let of_alerts = alerts.iter().map(|(name, rule)| (name.clone(), text(&rule["expr"]).to_owned()));
    for (name, expression) in records.clone().into_iter().chain(of_alerts) {
        assert_eq!(unknown(&expression, &records), Vec::<String>::new(), "{name}");
        assert!(words(&expression).iter().any(|(_, word)| is_metric(word)), "{name} asks for nothing");
    }
}

#[test]
fn every_family_is_shown_or_excused() {
    let records = records();
    let mut shown = BTreeSet::new();
    for (_, expression) in targets() {
        for (_, word) in words(&expression) {
            let inner = records.get(&word).map(String::as_str).unwrap_or_default();
            for word in words(inner).into_iter().map(|(_, word)| word).chain([word]) {
                shown.extend(family(&word).map(|family| family.short_name));
            }
        }
    }
    let excused: BTreeMap<&str, &str> = EXCUSED.iter().copied().collect();
    for family in table::families() {
        let name = family.short_name;
        assert!(shown.contains(name) || excused.contains_key(name), "no panel shows {name}");
        assert!(!(shown.contains(name) && excused.contains_key(name)), "{name} is shown, and excused");
    }
    for name in excused.keys() {
        assert!(table::families().any(|family| family.short_name == *name), "{name} is excused and does not exist");
    }
}

/// Label names that an expression uses in selectors and in groupings.
fn labels_of(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, inside) in selectors(expression) {
        for (_, word) in words(&inside) {
            if !word.starts_with('$') {
                found.insert(word);
            }
        }
    }
    for start in ["by (", "without (", "on (", "group_left ("] {
        for (at, _) in expression.match_indices(start) {
            let inside = expression[at + start.len()..].split(')').next().unwrap_or_default();
            found.extend(inside.split(',').map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()));
        }
    }
    found
}

#[test]
fn no_label_lies_outside_the_closed_set() {
    let allowed: BTreeSet<&str> = table::LABELS.iter().chain(FOREIGN_LABELS).copied().collect();
    let rules =
        records().into_iter().chain(alerts().into_iter().map(|(name, rule)| (name, text(&rule["expr"]).to_owned())));
    let mut seen = 0;
    for (place, expression) in targets().into_iter().chain(rules) {
        for label in labels_of(&expression) {
            assert!(allowed.contains(label.as_str()), "{place}: label {label}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(labels_of(r#"sum by (person) (x_holdover_y{host="a"})"#).contains("person"), "the check can fail");
}

#[test]
fn identifiers_are_ours_stable_and_unique() {
    let uids: Vec<String> = boards().iter().map(|(_, board)| text(&board["uid"]).to_owned()).collect();
    assert_eq!(uids, ["holdover-residual", "holdover-health"]);
    for (name, board) in boards() {
        assert!(board["id"].is_null(), "{name}: the server gives ids");
        assert_eq!(board["schemaVersion"], 39, "{name}");
        assert_eq!((&board["timezone"], &board["graphTooltip"]), (&Value::from("utc"), &Value::from(1)), "{name}");
        let ids: Vec<u64> = list(&board["panels"]).iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
        let unique: BTreeSet<u64> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len(), "{name}");
    }
    let titles: BTreeSet<String> = boards().iter().map(|(_, board)| text(&board["title"]).to_owned()).collect();
    assert_eq!(titles.len(), 2, "two of one title in a folder are refused");
}

#[test]
fn panels_fill_the_grid_without_overlap() {
    for (name, board) in boards() {
        let mut taken: BTreeMap<(u64, u64), String> = BTreeMap::new();
        for panel in list(&board["panels"]) {
            let grid = |key: &str| panel["gridPos"][key].as_u64().expect("a number");
            let (x, y, width, height) = (grid("x"), grid("y"), grid("w"), grid("h"));
            assert!(x + width <= 24 && width > 0 && height > 0, "{name}: {}", panel["title"]);
            for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
                if let Some(other) = taken.insert(cell, text(&panel["title"]).to_owned()) {
                    panic!("{name}: {} lies over {other} at {cell:?}", panel["title"]);
                }
            }
        }
        let bottom = taken.keys().map(|(_, y)| y + 1).max().expect("panels");
        assert_eq!(taken.len() as u64, 24 * bottom, "{name}: the grid has holes");
    }
}

#[test]
fn the_linters_rules_for_templates_hold() {
    for (name, board) in boards() {
        assert_eq!(board["editable"], false, "{name}: uneditable-dashboard");
        let variables = list(&board["templating"]["list"]);
        let variable = |wanted: &str| variables.iter().find(|variable| variable["name"] == wanted);
        let source = variable("datasource").expect("template-datasource-rule");
        assert_eq!(
            (&source["label"], &source["type"], &source["query"]),
            (&"Data source".into(), &"datasource".into(), &"prometheus".into())
        );
        let job = variable("job").expect("template-job-rule");
        assert_eq!(
            (&job["label"], &job["multi"], &job["allValue"]),
            (&"Job".into(), &true.into(), &".+".into()),
            "{name}"
        );
        for variable in variables.iter().filter(|variable| variable["type"] == "query") {
            assert_eq!(variable["datasource"]["uid"], "${datasource}", "{name}: {}", variable["name"]);
            assert_eq!(variable["refresh"], 2, "{name}: template-on-time-change-reload-rule, {}", variable["name"]);
            let query = text(&variable["query"]["query"]);
            let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            assert!(inside.is_some_and(|inside| inside.contains(", ")), "template-label-promql-rule: {query}");
        }
    }
}

/// Units of Grafana that we use.
const UNITS: &[&str] = &["short", "none", "percentunit", "s", "dtdurations", "dateTimeFromNow", "bool_yes_no"];

#[test]
fn the_linters_rules_for_panels_hold() {
    for (place, panel) in panels() {
        assert!(!text(&panel["title"]).is_empty(), "{place}: panel-title-description-rule");
        assert!(text(&panel["description"]).len() > 20, "{place}: panel-title-description-rule");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{place}: panel-datasource-rule");
        if panel["type"] == "text" {
            continue;
        }
        assert!(!list(&panel["targets"]).is_empty(), "{place}: panel-no-targets-rule");
        let defaults = &panel["fieldConfig"]["defaults"];
        let units = list(&panel["fieldConfig"]["overrides"]).iter().flat_map(|field| list(&field["properties"]));
        let units = units.filter(|property| property["id"] == "unit").map(|property| &property["value"]);
        for unit in units.chain([&defaults["unit"]]) {
            assert!(UNITS.contains(&text(unit)), "{place}: panel-units-rule, {unit}");
        }
        for target in list(&panel["targets"]) {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{place}");
        }
        let refs: BTreeSet<&str> = list(&panel["targets"]).iter().map(|target| text(&target["refId"])).collect();
        assert_eq!(refs.len(), list(&panel["targets"]).len(), "{place}: two queries of one name");
    }
}

#[test]
fn the_linters_rules_for_queries_hold() {
    for (place, expression) in targets() {
        for (metric, inside) in selectors(&expression) {
            assert!(inside.contains(r#"job=~"$job""#), "{place}: target-job-rule, {metric}");
        }
        for (at, word) in words(&expression) {
            let before = expression[..at].trim_end_matches('(');
            let function = before
                .rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .next()
                .unwrap_or_default();
            if word.ends_with("_total") {
                assert!(["rate", "irate", "increase"].contains(&function), "{place}: target-counter-agg-rule, {word}");
            }
            if ["rate", "irate"].contains(&word.as_str()) {
                assert!(expression.contains("$__rate_interval"), "{place}: target-rate-interval-rule");
            }
        }
    }
}

#[test]
fn exclusions_of_the_linter_have_reasons_and_are_needed() {
    let lint = yaml(".lint");
    let exclusions = lint["exclusions"].as_object().expect("exclusions");
    for (rule, why) in exclusions {
        assert!(text(&why["reason"]).len() > 30, "{rule}");
    }
    let excluded: Vec<&String> = exclusions.keys().collect();
    assert_eq!(excluded, ["template-instance-rule", "target-instance-rule"]);
    assert!(targets().iter().all(|(_, expression)| !expression.contains("$instance")), "the exclusion is not needed");
}

#[test]
fn no_data_is_told_apart_from_zero_everywhere() {
    for (place, panel) in panels() {
        if panel["type"] != "text" {
            assert!(!text(&panel["fieldConfig"]["defaults"]["noValue"]).is_empty(), "{place}");
        }
        let range = list(&panel["targets"]).iter().any(|target| target["range"] == true);
        let history = ["timeseries", "state-timeline"].contains(&text(&panel["type"]));
        assert_eq!(range, history, "{place}: a figure that stopped coming must not stand there as the present one");
    }
}

#[test]
fn each_alert_has_its_runbook_and_each_runbook_its_alert() {
    let alerts = alerts();
    let mut pages = BTreeSet::new();
    for entry in std::fs::read_dir(folder().join("runbooks")).expect("runbooks") {
        pages.insert(entry.expect("an entry").file_name().to_string_lossy().into_owned());
    }
    let wanted: BTreeSet<String> = alerts.keys().map(|name| format!("{}.md", name.to_lowercase())).collect();
    assert_eq!(pages, wanted);
    for (name, rule) in &alerts {
        let page = read(&format!("runbooks/{}.md", name.to_lowercase()));
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        for heading in ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"] {
            assert!(page.contains(heading), "{name}: {heading}");
        }
        let notes = &rule["annotations"];
        assert!(page.contains(text(&notes["summary"])), "{name}: the page says something else than the alert");
        assert!(!text(&notes["summary"]).contains("{{"), "{name}: the summary is fixed");
        assert!(!text(&notes["description"]).is_empty(), "{name}");
        let base = "https://runbooks.example.org/holdover/";
        assert_eq!(text(&notes["runbook_url"]), format!("{base}{}", name.to_lowercase()));
        assert!(["warning", "critical"].contains(&text(&rule["labels"]["severity"])), "{name}");
        assert!(name.starts_with("Holdover"), "{name}");
    }
}

#[test]
fn each_alert_has_a_case_that_fires_and_one_that_is_silent() {
    let cases = yaml("rules_test.yaml");
    let mut seen: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for case in list(&cases["tests"]) {
        for alert in case["alert_rule_test"].as_array().into_iter().flatten() {
            let fires = !list(&alert["exp_alerts"]).is_empty();
            *seen.entry((text(&alert["alertname"]).to_owned(), fires)).or_default() += 1;
        }
    }
    for name in alerts().keys() {
        for fires in [true, false] {
            assert!(seen.contains_key(&(name.clone(), fires)), "{name}: no case in which fires is {fires}");
        }
    }
    let expressions: BTreeSet<String> = list(&cases["tests"])
        .iter()
        .flat_map(|case| case["promql_expr_test"].as_array().into_iter().flatten())
        .map(|case| text(&case["expr"]).to_owned())
        .collect();
    for record in records().keys() {
        assert!(expressions.contains(record), "{record} has no case");
    }
}

/// `holdover WORD [WORD]` in code spans of a text.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for span in page.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix("holdover ")) {
        let words = span.split_whitespace().map(str::to_owned);
        found.push(
            words.take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')).collect(),
        );
    }
    found
}

#[test]
fn commands_that_pages_name_exist() {
    let program = Arguments::command();
    let mut pages: Vec<(String, String)> = Vec::new();
    for entry in std::fs::read_dir(folder().join("runbooks")).expect("runbooks") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        pages.push((name.clone(), read(&format!("runbooks/{name}"))));
    }
    for (place, panel) in panels() {
        pages.push((place, text(&panel["description"]).to_owned()));
    }
    let mut seen = 0;
    for (page, content) in &pages {
        for command in commands(content) {
            let Some(first) = command.first() else { panic!("{page}: `holdover ` without a command") };
            let found = program.find_subcommand(first);
            let found = found.unwrap_or_else(|| panic!("{page}: there is no `holdover {first}`"));
            if found.has_subcommands() {
                let second = command.get(1).unwrap_or_else(|| panic!("{page}: `holdover {first}` needs another word"));
                assert!(found.find_subcommand(second).is_some(), "{page}: there is no `holdover {first} {second}`");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn provisioning_names_what_is_there() {
    let boards = yaml("provisioning/dashboards/holdover.yaml");
    assert_eq!(boards["apiVersion"], 1);
    let provider = &list(&boards["providers"])[0];
    assert_eq!((&provider["type"], &provider["allowUiUpdates"]), (&"file".into(), &false.into()));
    let sources = yaml("provisioning/datasources/prometheus.yaml");
    assert_eq!((&sources["apiVersion"], &list(&sources["datasources"])[0]["type"]), (&1.into(), &"prometheus".into()));
}
