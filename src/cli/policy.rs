//! `holdover policy check | test | explain`.

use scan_contract::AccessKind;

use super::arguments::{Policy as Arguments, PolicyCommand};
use super::failure::Failure;
use super::fetch::{self, Fetching};
use super::scan::load_roster;
use super::session::Session;
use super::text::add_line;
use crate::config::Config;
use crate::hostile;
use crate::policy::{Policy, PolicyInput};
use crate::report::ExitCode;
use crate::yaml::forms::duration_text;

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    let (configured, policy) = session.configuration_and_policy()?;
    let config = &configured.config;
    match &arguments.command {
        PolicyCommand::Check => {
            let rules: Vec<&str> = policy.rules().collect();
            session.say(&format!("policy sound: {} rules ({})", rules.len(), rules.join(", ")))?;
            Ok(ExitCode::Clean.code())
        }
        PolicyCommand::Test => test(session, &policy),
        PolicyCommand::Explain { person, kind } => explain(session, config, &policy, person, kind),
    }
}

fn test(session: &Session<'_>, policy: &Policy) -> Result<u8, Failure> {
    let results = policy.test();
    let mut text = String::new();
    let mut failed = 0;
    for result in &results {
        let passes = result.passes();
        failed += usize::from(!passes);
        add_line(
            &mut text,
            format_args!(
                "{} line {}: {} expected {} after {}{}",
                if passes { "ok  " } else { "FAIL" },
                result.line,
                result.input.kind,
                result.expected.0,
                duration_text(result.expected.1),
                if passes {
                    String::new()
                } else {
                    format!(", found {} after {}", result.found.0, duration_text(result.found.1))
                }
            ),
        );
    }
    add_line(&mut text, format_args!("{} passed, {failed} failed", results.len() - failed));
    session.say(&text)?;
    Ok(if failed == 0 { ExitCode::Clean.code() } else { ExitCode::Config.code() })
}

fn explain(session: &Session<'_>, config: &Config, policy: &Policy, person: &str, kind: &str) -> Result<u8, Failure> {
    let kind = AccessKind::parse(kind).ok_or_else(|| {
        let near = crate::problem::nearest(kind, AccessKind::WORDS.iter().copied());
        Failure::Usage(format!(
            "{kind}: no such kind{}",
            near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
        ))
    })?;
    let now = session.clock(config).0.now();
    let documents = session.documents(config);
    // An HR system is not asked here: the roster that was accepted last tells who left.
    let store = session.store_or_nothing(config)?;
    let (documents, _) = fetch::fetched(config, documents.as_ref(), Fetching::NotAsked)?;
    let loaded = load_roster(config, &documents, store.as_ref(), now)?;
    let roster = loaded
        .roster
        .ok_or_else(|| Failure::Roster(String::from("no roster can be read (holdover roster validate)")))?;
    let found = roster.find(person).map(|index| roster.person(index));
    // Somebody who will leave is nobody's business here: only ends that have passed are told.
    let ended = found.and_then(|person| {
        person
            .stints
            .iter()
            .rev()
            .find_map(|stint| stint.end.as_ref().filter(|end| end.at <= now).map(|end| (stint, end)))
    });
    let Some((stint, end)) = ended else {
        return Err(Failure::Usage(format!("{person}: no such person whose access has ended")));
    };
    let explanation = policy.explain(&PolicyInput {
        urgency: stint.urgency,
        role_tier: stint.role_tier,
        termination_type: stint.termination_type,
        employment_type: stint.employment_type,
        kind,
        end_at: end.at,
    });
    let mut text = format!("{} of {}\n", kind, hostile::line(person));
    add_line(
        &mut text,
        format_args!(
            "  inputs   urgency {}, tier {}, employment {}, end {}",
            stint.urgency.as_str(),
            stint.role_tier.map_or("unknown", |tier| tier.as_str()),
            stint.employment_type.as_str(),
            end.at.format("%Y-%m-%dT%H:%M:%SZ")
        ),
    );
    for tried in &explanation.tried {
        add_line(&mut text, format_args!("  not      {}: {}", tried.rule, tried.because));
    }
    if explanation.before_effective {
        text.push_str("  note     the end is older than effective_from: no rule was asked\n");
    }
    let due = &explanation.due;
    add_line(
        &mut text,
        format_args!(
            "  rule     {}\n  due      {} ({} after the end)",
            due.rule,
            due.at.format("%Y-%m-%dT%H:%M:%SZ"),
            duration_text(due.after)
        ),
    );
    if let Some((group, count)) = &explanation.approvers {
        add_line(&mut text, format_args!("  longer   {count} of {group} may approve an exception"));
    }
    session.say(&text)?;
    Ok(ExitCode::Clean.code())
}
