//! One table from its header row to its end.

use scan_contract::{
    Access, AsOf, AsOfSource, BlockingOutlet, Cause, Cursor, Documents, EndProof, Gap, Instant, ProofKind, ScopeName,
};

use super::decode::Text;
use super::manifest::{self, Claims};
use super::map::{Mapping, Notes};
use super::rows::{Row, Rows};
use crate::plan::Served;
use crate::settings::{CsvSettings, Settings};
use crate::source::{Hashing, Source};
use crate::tally::{Damage, Words, inert};

/// Rows handed over at once.
const PAGE: usize = 1_000;

/// Names of ignored columns in a notice.
const LISTED: usize = 50;

/// Reads the table, and seals its scope.
pub(crate) fn read(
    documents: &dyn Documents,
    settings: &Settings,
    csv: &CsvSettings,
    served: &Served,
    outlet: &BlockingOutlet,
) -> Result<(), Cause> {
    let mut claims = manifest::read(documents, csv.manifest.as_deref());
    let hashing = if claims.sha256.is_some() { Hashing::Sha256 } else { Hashing::Off };
    let open = || Source::open(documents, &served.path, settings.limits, hashing);
    // The manifest's time is believed only of the file that it describes, so the digest comes first.
    let belongs = match &claims.sha256 {
        Some(expected) => digest(open()?)?.as_ref() == Some(expected),
        None => true,
    };
    let source = open()?;
    let modified = source.modified;
    let mut rows = Rows::new(Text::new(source, csv.encoding), csv.delimiter, settings.limits.line_bytes);
    let scope = served.name(csv.scope.as_str());
    let mapping = header(&mut rows, csv, &scope, served)?;

    outlet.open(&scope, as_of(&claims, belongs, modified))?;
    begin(&mapping, &scope, served, outlet)?;
    let mut table = Table {
        scope,
        mapping,
        notes: Notes { damage: Damage::new(), words: Words::new() },
        page: Vec::new(),
        found: 0,
        outlet,
    };
    table.rows(&mut rows)?;
    let failure = rows.failure();
    let digest = rows.text().source().digest();
    claims.lacks.extend(differences(&claims, table.found, failure.is_none(), digest.as_deref(), served));
    table.finish(served, failure, claims, digest)
}

/// The digest of the whole file.
fn digest(mut source: Source) -> Result<Option<String>, Cause> {
    let mut window = vec![0; 256 << 10];
    loop {
        match source.fill(&mut window) {
            Ok(filled) if filled < window.len() => return Ok(source.digest()),
            Ok(_) => {}
            // Reading it for its rows meets the same end and says it; without a digest nothing belongs.
            Err((taken, _)) if taken > 0 => return Ok(None),
            Err((_, cause)) => return Err(cause),
        }
    }
}

fn as_of(claims: &Claims, belongs: bool, modified: Option<Instant>) -> Option<AsOf> {
    match claims.as_of {
        Some(at) if belongs => Some(AsOf { at, source: AsOfSource::Stated }),
        // Another file's time says nothing, and a file's own time is that of its copy.
        Some(_) => None,
        None => modified.map(|at| AsOf { at, source: AsOfSource::FileTime }),
    }
}

fn header(rows: &mut Rows, csv: &CsvSettings, scope: &ScopeName, served: &Served) -> Result<Mapping, Cause> {
    let path = served.path.display();
    match rows.next() {
        None => {
            Err(rows.failure().unwrap_or_else(|| Cause::CutOff { what: format!("{path} is empty: no header row") }))
        }
        Some(Row::Damaged(line, cause)) => {
            Err(Cause::Malformed { what: format!("{path}: the header row on line {line}: {cause}") })
        }
        Some(Row::Cells(_, cells)) => {
            rows.expect_columns(cells.len());
            Mapping::new(csv, scope.clone(), &cells, &path.to_string())
                .map_err(|says| Cause::Malformed { what: format!("{path}: {says}") })
        }
    }
}

/// What is known before the first row.
fn begin(mapping: &Mapping, scope: &ScopeName, served: &Served, outlet: &BlockingOutlet) -> Result<(), Cause> {
    for clash in &served.clashes {
        outlet.gap(clash.clone())?;
    }
    for other in served.pass.scopes.iter().filter(|other| other.name != *scope) {
        let what = format!("no configured file carries this scope; {} covers {scope}", served.path.display());
        outlet.gap(Gap::scope(&other.name, Cause::NotInSource { what }))?;
    }
    if !mapping.ignored.is_empty() {
        let mut names: Vec<String> = mapping.ignored.iter().take(LISTED).map(|name| inert(name)).collect();
        if mapping.ignored.len() > LISTED {
            names.push(format!("and {} more", mapping.ignored.len() - LISTED));
        }
        outlet.notice(format!(
            "{}: columns without a mapping were ignored: {}",
            served.path.display(),
            names.join(", ")
        ))?;
    }
    Ok(())
}

/// What differs from the manifest. Rows of a file that broke off are not counted against it: the break is told.
fn differences(claims: &Claims, found: u64, ended: bool, digest: Option<&str>, served: &Served) -> Vec<Cause> {
    let path = served.path.display();
    let mut causes = Vec::new();
    if let Some(announced) = claims.rows.filter(|announced| ended && *announced != found) {
        causes.push(Cause::CountDiffers { what: format!("rows of {path}"), announced, found });
    }
    if let Some(expected) = claims.sha256.as_deref().filter(|expected| Some(*expected) != digest) {
        let start = |digest: &str| digest.chars().take(12).collect::<String>();
        let found = digest.map_or_else(|| String::from("nothing"), start);
        causes.push(Cause::DigestDiffers {
            what: format!("{path}: the manifest says {}…, found {found}…", start(expected)),
        });
    }
    causes
}

struct Table<'t> {
    scope: ScopeName,
    mapping: Mapping,
    notes: Notes,
    page: Vec<Access>,
    found: u64,
    outlet: &'t BlockingOutlet,
}

impl Table<'_> {
    fn rows(&mut self, rows: &mut Rows) -> Result<(), Cause> {
        while let Some(row) = rows.next() {
            self.found += 1;
            let (line, outcome) = match row {
                Row::Cells(line, cells) => (line, self.mapping.access(&cells, line, &mut self.notes)),
                Row::Damaged(line, cause) => (line, Err(cause)),
            };
            match outcome {
                Ok(access) => self.page.push(access),
                Err(cause) => self.notes.damage.note(Some(super::map::SCOPE), line, || cause),
            }
            if self.page.len() == PAGE {
                self.hand_over(line)?;
            }
        }
        self.hand_over(u64::MAX)
    }

    fn hand_over(&mut self, line: u64) -> Result<(), Cause> {
        if self.page.is_empty() {
            return Ok(());
        }
        let cursor = if line == u64::MAX { String::from("end") } else { format!("line {line}") };
        self.outlet.page(std::mem::take(&mut self.page), Cursor(cursor))
    }

    fn finish(
        self,
        served: &Served,
        failure: Option<Cause>,
        claims: Claims,
        sha256: Option<String>,
    ) -> Result<(), Cause> {
        let name = |_| self.scope.clone();
        for gap in self.notes.damage.gaps(&served.path.display().to_string(), name) {
            self.outlet.gap(gap)?;
        }
        for gap in self.notes.words.gaps(name) {
            self.outlet.gap(gap)?;
        }
        let whole = failure.is_none() && claims.lacks.is_empty();
        for cause in failure.into_iter().chain(claims.lacks) {
            self.outlet.gap(Gap::scope(&self.scope, cause))?;
        }
        let kind = if whole { ProofKind::Manifest } else { ProofKind::EndOfFile };
        // The manifest counts rows, and a grant may have several: the engine is told no number of grants.
        self.outlet.seal(&self.scope, EndProof { kind, announced: None, sha256 })
    }
}
