//! Workflows that run by the clock, and as whom: whoever last changed the `cron` line.
//!
//! The sweep brings the text of each workflow file; only files with a schedule are asked about again. GitHub's own words
//! differ on what happens when that person leaves: the schedule may go on in their name, or stop without a sound.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, Moment, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::graph::{Graph, Trouble, ask};
use crate::hub::{Hub, scope, somebody};
use crate::queries::{BLAME, BLAMED};
use crate::read::repositories::{Entries, Tree};
use crate::read::repository::{Known, States, absorb, read_part};
use crate::scopes;
use crate::text::clean;
use crate::together::each;
use crate::told::{Told, Work};

/// Folder of workflow files.
const FOLDER: &str = ".github/workflows";

/// A workflow file with a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scheduled {
    path: String,
    /// Numbers of the lines that set a time, with the time.
    lines: Vec<(u64, String)>,
}

#[derive(Deserialize)]
struct Workflow {
    path: String,
    state: String,
}

#[derive(Deserialize)]
struct Blamed {
    #[serde(flatten)]
    files: std::collections::BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    default_branch_ref: Option<Branch>,
}

#[derive(Deserialize)]
struct Branch {
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    blame: Option<Blame>,
}

#[derive(Deserialize)]
struct Blame {
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Range {
    starting_line: u64,
    ending_line: u64,
    commit: Commit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    committed_date: Option<DateTime<Utc>>,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    email: Option<String>,
    name: Option<String>,
    user: Option<User>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    database_id: Option<u64>,
    login: String,
}

/// The lines of a workflow that set a time. Read line by line: what stands in a comment does not count, a key named
/// `cron` anywhere else does, and then the finding names the line.
fn schedule(text: &str) -> Vec<(u64, String)> {
    if !text.contains("schedule") {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (position, line) in text.lines().enumerate() {
        let line = without_comment(line);
        let value = line.match_indices("cron").find_map(|(at, word)| {
            line[at + word.len()..].trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')
        });
        if let Some(value) = value {
            let time = value.trim().trim_matches(|letter| matches!(letter, '"' | '\'' | '}' | ']' | ' '));
            lines.push((position as u64 + 1, clean(time, 60)));
        }
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            (None, '#') if before.is_whitespace() => return &line[..at],
            _ => {}
        }
        before = letter;
    }
    line
}

/// The files of one repository that have a schedule.
pub(crate) fn scheduled(
    hub: &Hub,
    scope: &ScopeName,
    known: &Known,
    tree: Option<Tree>,
    told: &mut Told,
) -> Vec<Scheduled> {
    let entries = match tree {
        // What is not there is null, and for who may not read contents everything is.
        None if hub.granted().holds("contents=read") == Some(false) => {
            told.gap(scope, &*known.name, Cause::Denied { permission: hub.granted().name("contents=read") });
            return Vec::new();
        }
        None | Some(Tree { entries: Entries::NoFolder }) => return Vec::new(),
        Some(Tree { entries: Entries::Told(None) }) => {
            let what = String::from("a folder of workflows without its entries");
            told.gap(scope, &*known.name, Cause::Malformed { what });
            return Vec::new();
        }
        Some(Tree { entries: Entries::Told(Some(entries)) }) => entries,
    };
    let mut found = Vec::new();
    for entry in entries {
        let extension = std::path::Path::new(&entry.name).extension();
        let is_workflow =
            extension.is_some_and(|end| end.eq_ignore_ascii_case("yml") || end.eq_ignore_ascii_case("yaml"));
        if entry.kind != "blob" || !is_workflow {
            continue;
        }
        let path = format!("{FOLDER}/{}", entry.name);
        let part = || format!("{}: {path}", known.name);
        let Some(text) = entry.object.as_ref().and_then(|object| object.script.as_deref()) else {
            let cause = if hub.client.door().replays() {
                Cause::NotInSource { what: String::from("a recording does not hold the text of workflow files") }
            } else {
                Cause::Malformed { what: String::from("a workflow file without text") }
            };
            told.gap(scope, part(), cause);
            continue;
        };
        if entry.object.as_ref().and_then(|object| object.is_truncated) == Some(true) {
            told.gap(
                scope,
                part(),
                Cause::CutOff { what: String::from("the service showed the beginning of the file only") },
            );
        }
        let lines = schedule(text);
        if !lines.is_empty() {
            found.push(Scheduled { path, lines });
        }
    }
    found
}

/// Asks who last changed each schedule, and whether its workflow is switched on.
pub(crate) async fn read(work: Work<'_>, repositories: Vec<(Known, Vec<Scheduled>)>) -> Result<Told, Cause> {
    let mut told = Told::default();
    if repositories.is_empty() {
        return Ok(told);
    }
    let scope = scope(scopes::SCHEDULED_WORKFLOWS);
    let files: Vec<(Known, Scheduled)> =
        repositories.iter().flat_map(|(known, files)| files.iter().map(|file| (known.clone(), file.clone()))).collect();
    let states = each(work.hub, repositories.into_iter().map(|(known, _)| known).collect(), |hub, known| async move {
        let found = states(&hub, &known).await;
        (known.id, found)
    });
    let mut known_states: std::collections::HashMap<u64, States> = std::collections::HashMap::new();
    for (id, (states, gaps)) in states.await? {
        known_states.insert(id, states);
        absorb(&mut told, gaps);
    }
    let batches: Vec<Vec<(Known, Scheduled)>> = files.chunks(BLAMED).map(<[_]>::to_vec).collect();
    let batches = Arc::new(batches);
    let numbers: Vec<usize> = (0..batches.len()).collect();
    let asked = Arc::clone(&batches);
    let answers = each(work.hub, numbers, move |hub, number| {
        let asked = Arc::clone(&asked);
        async move { blame(&hub, &asked[number]).await }
    });
    for (batch, answer) in batches.iter().zip(answers.await?) {
        for (position, (known, file)) in batch.iter().enumerate() {
            let state = known_states.get(&known.id).and_then(|states| states.get(&file.path)).map(String::as_str);
            match answer.get(position) {
                Some(Ok(ranges)) => tell(&scope, known, file, ranges, state, &mut told),
                Some(Err(cause)) => told.gap(&scope, format!("{}: {}", known.name, file.path), cause.clone()),
                None => told.gap(
                    &scope,
                    format!("{}: {}", known.name, file.path),
                    Cause::Bug { what: String::from("github: an answer too few") },
                ),
            }
        }
    }
    Ok(told)
}

async fn states(hub: &Hub, known: &Known) -> (States, Told) {
    let scope = scope(scopes::SCHEDULED_WORKFLOWS);
    let mut states = States::new();
    let tell = &mut |workflow: Workflow, _: &mut Told| {
        states.insert(workflow.path, workflow.state);
    };
    let told = read_part(hub, &scope, known, (&["actions", "workflows"], Some("workflows")), tell).await;
    (states, told)
}

/// Who last changed the lines of one file, or why that is not told.
type History = Result<Vec<Range>, Cause>;

/// Up to ten files in one query; the answer of each is its own. Histories that are too much for the service at once are
/// asked for in halves, down to one file.
async fn blame(hub: &Hub, files: &[(Known, Scheduled)]) -> Vec<History> {
    let mut answers = Vec::with_capacity(files.len());
    let mut waiting = vec![files];
    // The last of those that wait is asked next: answers come in the order of the files.
    while let Some(files) = waiting.pop() {
        let Some(variables) = variables_of(files) else { continue };
        match ask::<Blamed>(hub, &BLAME, &variables).await {
            Ok(graph) => answers.extend(histories(hub, files, graph)),
            Err(Trouble::TooMuch(_)) if files.len() > 1 => {
                let (first, second) = files.split_at(files.len() / 2);
                waiting.extend([second, first]);
                tracing::info!(event = "page-reduced", query = BLAME.name, first = first.len());
            }
            Err(Trouble::TooMuch(cause) | Trouble::Other(cause)) => {
                answers.extend(files.iter().map(|_| Err(cause.clone())));
            }
        }
    }
    answers
}

/// Places beyond the files are filled with the first one, and left out of the query.
fn variables_of(files: &[(Known, Scheduled)]) -> Option<Value> {
    let (first, file) = files.first()?;
    let mut variables = json!({});
    for position in 0..BLAMED {
        let (known, file) = files.get(position).map_or((first, file), |(known, file)| (known, file));
        variables[format!("r{position}")] = json!(&*known.node);
        variables[format!("p{position}")] = json!(file.path);
        if position > 0 {
            variables[format!("n{position}")] = json!(position < files.len());
        }
    }
    Some(variables)
}

fn histories(hub: &Hub, files: &[(Known, Scheduled)], mut graph: Graph<Blamed>) -> Vec<History> {
    let mut answers = Vec::new();
    for (position, (known, _)) in files.iter().enumerate() {
        let name = format!("b{position}");
        let problem = graph.problems.iter().find(|problem| problem.concerns(&name));
        if let Some(problem) = problem {
            answers.push(Err(problem.cause(hub, &BLAME)));
            continue;
        }
        let found = graph.data.files.remove(&name).unwrap_or(Value::Null);
        let file = serde_json::from_value::<Option<File>>(found);
        let blame = file.map(|file| file.and_then(|file| file.default_branch_ref?.target?.blame));
        answers.push(match blame {
            Ok(Some(blame)) => Ok(blame.ranges),
            Ok(None) => Err(Cause::Denied {
                permission: format!("{} (no history of the file is shown)", hub.rights_of(&BLAME)),
            }),
            Err(_) => {
                Err(Cause::Malformed { what: format!("{}: history of another form ({})", BLAME.name, known.name) })
            }
        });
    }
    answers
}

fn tell(scope: &ScopeName, known: &Known, file: &Scheduled, ranges: &[Range], state: Option<&str>, told: &mut Told) {
    let part = format!("{}: {}", known.name, file.path);
    let grant = GrantId::from(format!("{}/workflow/{}", known.id, file.path));
    let mut access =
        Access::new(scope.clone(), AccessKind::Automation, grant, status(scope, known, state, &part, told));
    access.status_text = state.map(|word| clean(word, 40));
    access.grant_display = Some(format!("scheduled workflow {} of {}", clean(&file.path, 120), known.name));
    access.target = Some(format!("repository {}", known.name));
    access.privilege = Privilege::Write;
    access.privilege_reason = Some(String::from("runs jobs with the repository's token and secrets"));
    access.created_at = Fact::Hidden(String::from("GitHub does not show when a schedule was made"));
    access.last_used_at = Fact::Hidden(String::from("runs are not read"));
    access.expires_at = Fact::None;
    for (line, time) in &file.lines {
        let range = ranges.iter().find(|range| range.starting_line <= *line && *line <= range.ending_line);
        let Some(holder) = range.and_then(|range| actor(&range.commit)) else {
            told.gap(scope, part.clone(), Cause::Malformed { what: format!("nobody is told for line {line}") });
            continue;
        };
        access.evidence.push(format!("line {line}, {time}: last changed by {}", words_for(&holder)));
        if !access.holders.contains(&holder) {
            access.holders.push(holder);
        }
    }
    access.evidence.push(String::from(
        "it runs as whoever last changed the line; after they leave it may go on in their name or stop without a sound",
    ));
    told.records.push(access);
}

fn status(scope: &ScopeName, known: &Known, state: Option<&str>, part: &str, told: &mut Told) -> Status {
    if known.archived {
        // Jobs of an archived repository do not run.
        return Status::Disabled;
    }
    match state {
        Some("active") => Status::Enabled,
        Some("disabled_manually" | "disabled_inactivity" | "disabled_fork") => Status::Disabled,
        // "deleted" is no word for a file that is there: it was seen on the default branch.
        Some(word) => {
            told.unknown(scope, "state", word, part);
            Status::Unknown
        }
        None => Status::Unknown,
    }
}

fn actor(commit: &Commit) -> Option<Holder> {
    let author = commit.author.as_ref()?;
    let known = author.user.as_ref().and_then(|user| user.database_id.map(|id| (id, user)));
    let mut holder = if let Some((id, user)) = known {
        somebody(Relation::RunAs, id, &user.login)
    } else {
        // An address in a commit is what its author wrote there.
        let mut holder = Holder::new(Relation::RunAs);
        holder.email = author.email.clone().filter(|address| !address.is_empty());
        holder.email.as_ref()?;
        holder.name.clone_from(&author.name);
        holder.verified = Some(Vec::new());
        holder
    };
    holder.since = commit.committed_date.map(Moment::exact);
    Some(holder)
}

fn words_for(holder: &Holder) -> String {
    let who = holder.login.as_deref().or(holder.email.as_deref()).unwrap_or("nobody named");
    let when = holder.since.map(|since| since.at.format(" on %Y-%m-%d").to_string()).unwrap_or_default();
    format!("{}{when}", clean(who, 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_a_comment_is_no_schedule_and_one_in_brackets_is() {
        let text = "on:\n  schedule:\n    # - cron: '0 1 * * *'\n    - cron: '0 2 * * *' # nightly\n";
        assert_eq!(schedule(text), [(4, String::from("0 2 * * *"))]);
        assert_eq!(schedule("on: {schedule: [{cron: '5 4 * * 0'}]}\n"), [(1, String::from("5 4 * * 0"))]);
        assert_eq!(schedule("on: push\njobs: {}\n# schedule\n"), []);
        let named = "on: {schedule: [{name: cronjob, cron: '5 4 * * 0'}]}\n";
        assert_eq!(schedule(named), [(1, String::from("5 4 * * 0"))], "the second of two words on a line");
        assert_eq!(schedule("on: push\nname: cron: x\n"), [], "without a schedule nothing runs by the clock");
    }

    #[test]
    fn a_hash_inside_quotes_begins_no_comment() {
        assert_eq!(without_comment("a: '# b' # c"), "a: '# b' ");
        assert_eq!(without_comment("a#b"), "a#b");
    }
}
