//! The credential report: AWS makes one at most every four hours, and hands out the last one in between.

use std::time::Duration;

use scan_contract::Cause;

use crate::live::bulk::rows::instant;
use crate::live::clients::Account;
use crate::read::report::Report;

const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";

/// First wait for a report that is being made; doubled until [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(300);
/// Longest wait between two looks.
const LONGEST: Duration = Duration::from_secs(10);

/// A report, and what went wrong although there is one.
pub(crate) struct Fetched {
    pub(crate) report: Report,
    pub(crate) notes: Vec<Cause>,
}

/// Has a report made and fetches it.
pub(crate) async fn fetch(account: &Account) -> Result<Fetched, Cause> {
    let asker = &account.iam_asker;
    let mut waited = Duration::ZERO;
    let mut wait = SHORTEST;
    let mut notes = Vec::new();
    let mut made = generate(account, &mut notes).await;
    loop {
        if made == Made::Later {
            if waited >= account.settings.report_wait {
                let seconds = waited.as_secs();
                return Err(Cause::NotSeen { what: format!("{GET}: no credential report after {seconds} s") });
            }
            asker.sleep(wait).await;
            waited += wait;
            wait = (wait * 2).min(LONGEST);
        }
        let failure = match asker.ask(GET, || account.iam.get_credential_report().send()).await {
            Ok(answer) => {
                let content = answer.content.as_ref().map_or(&[][..], AsRef::as_ref);
                let mut report = Report::read(content, GET)?;
                report.generated = answer.generated_time.as_ref().and_then(instant);
                if report.generated.is_none() {
                    notes.push(Cause::Malformed { what: format!("{GET}: the answer does not say when it was made") });
                }
                return Ok(Fetched { report, notes });
            }
            Err(failure) => failure,
        };
        let gone = failure.is("ReportNotPresent") || failure.is("ReportExpired");
        match (gone || failure.is("ReportInProgress"), made) {
            // Nobody may have one made, and there is none: the first reason is the one to mend.
            (true, Made::Never) => return Err(notes.into_iter().next().unwrap_or(failure.cause)),
            (true, _) => {
                if gone {
                    made = generate(account, &mut notes).await;
                }
                if made == Made::Now {
                    made = Made::Later;
                }
            }
            (false, _) => return Err(failure.cause),
        }
    }
}

/// Whether there will be a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// It is there.
    Now,
    /// It is being made.
    Later,
    /// It could not be asked for; an older one may be there.
    Never,
}

async fn generate(account: &Account, notes: &mut Vec<Cause>) -> Made {
    match account.iam_asker.ask(GENERATE, || account.iam.generate_credential_report().send()).await {
        Ok(answer) => match answer.state.as_ref().map(aws_sdk_iam::types::ReportStateType::as_str) {
            Some("COMPLETE") => Made::Now,
            _ => Made::Later,
        },
        Err(failure) => {
            if !notes.contains(&failure.cause) {
                notes.push(failure.cause);
            }
            Made::Never
        }
    }
}
