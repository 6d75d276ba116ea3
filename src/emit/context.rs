//! What an output needs beside the report.

use std::collections::BTreeMap;

use scan_contract::SystemId;

use crate::config::valid::PersonDisplay;
use crate::emit::persons::PseudonymKey;

/// Texts of rules, by id. Answers `None` for an id this build does not know, as in an old report; outputs then say
/// what the finding itself carries.
pub trait RuleTexts {
    /// Short title, such as "Cloud access key active after end of employment".
    fn title(&self, id: &str) -> Option<&str>;
    /// One sentence a manager understands.
    fn reason(&self, id: &str) -> Option<&str>;
    /// What to do, in the right order.
    fn remedy(&self, id: &str) -> Option<&str>;
    /// Control ids, such as `NIST-800-53r5:PS-4`.
    fn controls(&self, id: &str) -> Vec<&str>;
    /// ATT&CK technique, such as `T1078.004`.
    fn attack(&self, id: &str) -> Option<&str>;
    /// Version of the rule.
    fn version(&self, id: &str) -> Option<u32>;
}

/// Where things are declared, for formats that must point into a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Configuration file as a relative address with forward slashes, such as `holdover.yaml`.
    pub configuration: String,
    /// Line of each system's entry in it, from 1; a system without one is shown at line 1.
    pub systems: BTreeMap<SystemId, u32>,
    /// Address under which each rule has a page named by its id; `None` leaves links out.
    pub rule_pages: Option<String>,
}

impl Places {
    /// Line of a system's entry.
    pub fn line(&self, system: &SystemId) -> u32 {
        self.systems.get(system).copied().unwrap_or(1).max(1)
    }

    /// Address of a rule's page.
    pub fn rule_page(&self, rule: &str) -> Option<String> {
        self.rule_pages.as_ref().map(|base| format!("{}/{rule}", base.trim_end_matches('/')))
    }
}

/// Whether the table uses colour. Colour never carries meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences for severity and headings.
    On,
    /// Plain text.
    Off,
}

/// Everything an output may know beside the report.
#[derive(Clone, Copy)]
pub struct EmitContext<'a> {
    /// How persons are shown.
    pub persons: PersonDisplay,
    /// Key for pseudonyms, from the state directory; needed where `persons` asks for them.
    pub key: Option<&'a PseudonymKey>,
    /// Texts of rules.
    pub rules: &'a dyn RuleTexts,
    /// Where systems are declared.
    pub places: &'a Places,
    /// Columns of the terminal (table only). Below 40 it is taken as 40.
    pub width: usize,
    /// Colour (table only).
    pub colour: Colour,
    /// Byte-order mark in front (CSV only), for spreadsheet programs.
    pub csv_bom: bool,
}
