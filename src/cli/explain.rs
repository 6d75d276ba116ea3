//! `holdover explain`: one finding in full.

use super::arguments;
use super::failure::Failure;
use super::report::kept;
use super::session::Session;
use super::text::add_line;
use crate::findings::Finding;
use crate::hostile;
use crate::rules::RuleSet;
use crate::run::coverage::in_words;
use crate::store::Store as _;

pub(super) fn run(session: &Session<'_>, arguments: &arguments::Explain) -> Result<u8, Failure> {
    let configured = session.configuration()?;
    let rules = session.rules(Some(&configured.config))?;
    let store = session.store_read_only(&configured.config)?;
    let report = kept(&store, None)?;
    let asked = arguments.fingerprint.as_str();
    let all = report.findings.iter().chain(&report.closed).chain(&report.remnants).chain(&report.licenses);
    let mut matches: Vec<&Finding> = all.filter(|finding| finding.fingerprint.to_string().starts_with(asked)).collect();
    matches.dedup_by_key(|finding| finding.fingerprint);
    let mut memory = None;
    let finding = match matches.as_slice() {
        [finding] => *finding,
        [] => {
            let print = asked.parse().map_err(|_| {
                Failure::Usage(format!(
                    "no finding begins with {asked} in the last run; a fingerprint is ra1: and 32 hex digits"
                ))
            })?;
            match store.recall(&print)? {
                Some(known) => &memory.insert(known).finding,
                None => return Err(Failure::Usage(format!("no finding {asked} is known"))),
            }
        }
        several => {
            let some: Vec<String> = several.iter().take(5).map(|finding| finding.fingerprint.to_string()).collect();
            return Err(Failure::Usage(format!("{asked} is the beginning of several: {} ...", some.join(", "))));
        }
    };
    let mut text = describe(finding, &rules);
    let history = store.history(&finding.fingerprint)?;
    add_line(&mut text, format_args!("\nHistory"));
    for line in history {
        add_line(&mut text, format_args!("  {}", hostile::line(&line.to_string())));
    }
    session.say(&text)?;
    Ok(0)
}

fn describe(finding: &Finding, rules: &RuleSet) -> String {
    let mut text = String::new();
    let stamp = |at: scan_contract::Instant| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut row = |name: &str, value: String| {
        add_line(&mut text, format_args!("{name:16} {}", hostile::line(&value)));
    };
    row("finding", finding.fingerprint.to_string());
    row("state", format!("{}, {}", finding.state, finding.change));
    row("person", format!("{} (stint {})", finding.person_id, finding.stint));
    row("grant", format!("{} {} in {} {}", finding.access_kind, finding.grant_id, finding.system, finding.scope));
    if let Some(display) = &finding.grant_display {
        row("shown as", display.clone());
    }
    if let Some(target) = &finding.target {
        row("opens", target.clone());
    }
    row("relation", String::from(finding.relation.as_str()));
    row("status", format!("{} -> {}; privilege {}", finding.status, finding.usability, finding.privilege));
    let end = &finding.access_end;
    let exact = if end.is_exact() {
        String::new()
    } else {
        format!(" (between {} and {}: the zone is a default)", stamp(end.earliest), stamp(end.latest))
    };
    row("access end", format!("{}{exact}, from {:?} in {}", stamp(end.at), end.source, end.zone));
    if let Some(known) = end.known_at {
        row("end known since", stamp(known));
    }
    row(
        "due",
        format!(
            "{} by rule {} of the policy{}",
            stamp(finding.due_at),
            finding.due_rule,
            if finding.due { "" } else { " (within the agreed time)" }
        ),
    );
    row("exposure", in_words(chrono::TimeDelta::seconds(finding.exposure_seconds)));
    row("used after end", String::from(finding.used_after_end.as_str()));
    row("seen", format!("first {}, last {}", stamp(finding.first_seen_at), stamp(finding.last_seen_at)));
    row("last whole read", finding.last_complete_read_at.map_or_else(|| String::from("never"), stamp));
    if let Some(id) = &finding.exception_id {
        row(
            "exception",
            format!(
                "{id}{}",
                finding.exception_expires_at.map_or_else(String::new, |at| format!(" until {}", stamp(at)))
            ),
        );
    }
    let mut part = |title: String, lines: &mut dyn Iterator<Item = String>| {
        let mut lines = lines.peekable();
        if lines.peek().is_some() {
            add_line(&mut text, format_args!("\n{title}"));
            for line in lines {
                add_line(&mut text, format_args!("  {}", hostile::line(&line)));
            }
        }
    };
    part(format!("Severity: {}", finding.severity), &mut finding.severity_reasons.iter().cloned());
    let matched = &finding.matched;
    part(
        format!("Match: {} (confidence {})", matched.method, finding.confidence),
        &mut matched.evidence.iter().cloned(),
    );
    part(String::from("Chain"), &mut matched.chain.iter().cloned());
    let hits = finding.rules.iter().map(|hit| {
        let title = rules.named(&hit.rule).map_or("", |(_, rule)| &*rule.title);
        format!("{} v{}  {title}", hit.rule, hit.version)
    });
    part(String::from("Rules that hold"), &mut hits.into_iter());
    part(
        String::from("Rules that cannot be told"),
        &mut finding.undecided.iter().map(|rule| format!("{}: {} is not known", rule.rule, rule.fact)),
    );
    part(String::from("Evidence"), &mut finding.evidence.iter().cloned());
    part(String::from("Notes"), &mut finding.notes.iter().cloned());
    part(String::from("What to do"), &mut std::iter::once(finding.remediation.clone()));
    part(String::from("Controls"), &mut finding.controls.iter().map(ToString::to_string));
    text
}
