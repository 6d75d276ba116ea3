//! The plan of tickets as people and programs see it.

use serde::Serialize;

use crate::cli::text::add_line;
use crate::hostile;
use crate::store::outbox::{TicketBook, Verdict};
use crate::tickets::plan::{self, Kept, Plan, Task, by_team};

/// The plan as data.
#[derive(Debug, Serialize)]
pub(super) struct PlanDocument {
    pub(super) format: &'static str,
    pub(super) version: u32,
    pub(super) run: Option<String>,
    pub(super) runs: Vec<RunLine>,
    pub(super) teams: Vec<TeamLine>,
    pub(super) steps: Vec<StepLine>,
    pub(super) held: Vec<HeldLine>,
    pub(super) capped: Vec<CappedLine>,
}

#[derive(Debug, Serialize)]
pub(super) struct RunLine {
    pub(super) run: String,
    pub(super) verdict: &'static str,
    pub(super) tickets: u64,
    pub(super) findings: Option<u64>,
    pub(super) why: Option<String>,
    pub(super) released: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct TeamLine {
    pub(super) team: String,
    pub(super) create: u64,
    pub(super) revise: u64,
    pub(super) reopen: u64,
    pub(super) resolve: u64,
    pub(super) held: u64,
    pub(super) capped: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct StepLine {
    pub(super) tracker: String,
    pub(super) step: &'static str,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) severity: &'static str,
    pub(super) findings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct HeldLine {
    pub(super) tracker: String,
    pub(super) run: String,
    pub(super) why: &'static str,
    pub(super) findings: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct CappedLine {
    pub(super) tracker: String,
    pub(super) system: String,
    pub(super) findings: u64,
}

fn word(task: Task) -> &'static str {
    match task {
        Task::Create => "create",
        Task::Revise => "revise",
        Task::Reopen => "reopen",
        Task::Resolve => "resolve",
        Task::Keep => "keep",
    }
}

/// Runs whose tickets wait, by the breaker's new and earlier words.
fn run_lines(plan: &Plan, book: &TicketBook) -> Vec<RunLine> {
    let line = |run: &str, verdict: &Verdict, released: bool| {
        let (word, tickets, findings, why) = match verdict {
            Verdict::Passed { tickets } => ("passed", *tickets, None, None),
            Verdict::Held { tickets, findings, why } => ("held", *tickets, Some(*findings), Some(why.clone())),
        };
        RunLine { run: run.to_owned(), verdict: word, tickets, findings, why, released }
    };
    let held = book.held_runs();
    let known = held.iter().filter_map(|run| Some(line(&run.run, run.verdict.as_ref()?, false)));
    let released = |run: &str| book.runs.iter().any(|known| known.run == run && known.released.is_some());
    known.chain(plan.verdicts.iter().map(|(run, verdict)| line(run, verdict, released(run)))).collect()
}

pub(super) fn held_lines(plan: &Plan) -> Vec<HeldLine> {
    let mut counts: std::collections::BTreeMap<(String, String, Kept), u64> = std::collections::BTreeMap::new();
    for channel in &plan.channels {
        for held in &channel.held {
            *counts.entry((channel.tracker.to_string(), held.run.clone(), held.kept)).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|((tracker, run, kept), findings)| HeldLine { tracker, run, why: kept.says(), findings })
        .collect()
}

pub(super) fn document(plan: &Plan, book: &TicketBook) -> PlanDocument {
    let step = |tracker: &str, work: &plan::Work| StepLine {
        tracker: tracker.to_owned(),
        step: word(work.task),
        key: work.ticket.key.clone(),
        title: work.draft.title.clone(),
        severity: work.draft.severity.as_str(),
        findings: work.draft.findings.iter().map(ToString::to_string).collect(),
    };
    PlanDocument {
        format: "holdover.tickets-plan",
        version: 1,
        run: plan.run.clone(),
        runs: run_lines(plan, book),
        teams: by_team(plan, book)
            .into_iter()
            .map(|(team, figures)| TeamLine {
                team,
                create: figures.create,
                revise: figures.revise,
                reopen: figures.reopen,
                resolve: figures.resolve,
                held: figures.held,
                capped: figures.capped,
            })
            .collect(),
        steps: plan
            .channels
            .iter()
            .flat_map(|channel| {
                let asked = channel.works.iter().filter(|work| work.task != Task::Keep);
                asked.map(|work| step(channel.tracker.as_str(), work))
            })
            .collect(),
        held: held_lines(plan),
        capped: plan
            .channels
            .iter()
            .flat_map(|channel| {
                channel.capped.iter().map(|(system, count)| CappedLine {
                    tracker: channel.tracker.to_string(),
                    system: system.clone(),
                    findings: *count,
                })
            })
            .collect(),
    }
}

pub(super) fn plan_table(document: &PlanDocument) -> String {
    let mut text = String::new();
    let run = document.run.as_deref().unwrap_or("no run yet: scan first");
    add_line(&mut text, format_args!("Plan after {}\n", hostile::line(run)));
    for line in &document.runs {
        let findings = line.findings.map_or_else(String::new, |count| format!(" for {count} findings"));
        let why = line.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        let run = format!("breaker  {} {}: {} tickets{findings}{why}", line.run, line.verdict, line.tickets);
        add_line(&mut text, format_args!("{}", hostile::line(&run)));
    }
    if !document.runs.is_empty() {
        text.push('\n');
    }
    add_line(
        &mut text,
        format_args!(
            "{:24} {:>7} {:>7} {:>7} {:>8} {:>7} {:>7}",
            "Team", "create", "revise", "reopen", "resolve", "held", "capped"
        ),
    );
    for team in &document.teams {
        add_line(
            &mut text,
            format_args!(
                "{:24} {:>7} {:>7} {:>7} {:>8} {:>7} {:>7}",
                hostile::short(&team.team, 24),
                team.create,
                team.revise,
                team.reopen,
                team.resolve,
                team.held,
                team.capped
            ),
        );
    }
    if document.teams.is_empty() {
        text.push_str("nothing to do\n");
    }
    if !document.steps.is_empty() {
        text.push('\n');
    }
    for step in &document.steps {
        let what = format!("{:8} {}  {}  {}", step.step, step.tracker, step.severity, step.title);
        add_line(&mut text, format_args!("{}", hostile::line(&what)));
    }
    for line in &document.capped {
        let CappedLine { tracker, system, findings } = line;
        let says = format!("capped   {tracker}  {findings} findings in {system}: one digest ticket stands for them");
        add_line(&mut text, format_args!("{}", hostile::line(&says)));
    }
    text
}
