//! Lines that fit the terminal: wrapping by display width, styles that can be off.

use std::fmt::Display;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::emit::{Colour, EmitError};
use crate::findings::Severity;
use crate::hostile;

/// Narrower than this nothing useful fits.
const NARROWEST: usize = 40;

/// Where lines go.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    colour: Colour,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, width: usize, colour: Colour) -> Self {
        Self { out, width: width.max(NARROWEST), colour }
    }

    /// The first line.
    pub(super) fn title(&mut self, text: &str) -> Result<(), EmitError> {
        for line in wrap(&hostile::line(text), self.width) {
            self.styled(Style::new().bold(), &line)?;
        }
        Ok(())
    }

    /// A section, after an empty line.
    pub(super) fn heading(&mut self, text: impl Display) -> Result<(), EmitError> {
        self.blank()?;
        for line in wrap(&text.to_string(), self.width) {
            self.styled(Style::new().bold().underline(), &line)?;
        }
        Ok(())
    }

    /// A severity as a heading of its own.
    pub(super) fn severity(&mut self, severity: Severity, text: &str) -> Result<(), EmitError> {
        let style = Style::new().bold();
        let style = match severity {
            Severity::Critical | Severity::High => style.fg_color(Some(AnsiColor::Red.into())),
            Severity::Medium => style.fg_color(Some(AnsiColor::Yellow.into())),
            Severity::Low => style.fg_color(Some(AnsiColor::Cyan.into())),
            Severity::Info => style,
        };
        self.styled(style, text)
    }

    /// An empty line.
    pub(super) fn blank(&mut self) -> Result<(), EmitError> {
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// A paragraph: `indent` spaces before its first line, two more before the others. Text is made inert here.
    pub(super) fn text(&mut self, indent: usize, text: &str) -> Result<(), EmitError> {
        self.labelled(indent, "", text)
    }

    /// A paragraph behind a label, wrapped under itself.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, text: &str) -> Result<(), EmitError> {
        let hang = if label.is_empty() { indent + 2 } else { indent + label.width() };
        let first = format!("{}{label}", " ".repeat(indent));
        let space = self.width.saturating_sub(hang.max(first.width())).max(16);
        for (number, line) in wrap(&hostile::line(text), space).into_iter().enumerate() {
            if number == 0 {
                writeln!(self.out, "{first}{line}")?;
            } else {
                writeln!(self.out, "{}{line}", " ".repeat(hang))?;
            }
        }
        Ok(())
    }

    /// A line that is short by construction and already inert.
    pub(super) fn literal(&mut self, line: &str) -> Result<(), EmitError> {
        writeln!(self.out, "{line}")?;
        Ok(())
    }

    /// Says how many entries of a list are not shown.
    pub(super) fn rest(&mut self, indent: usize, total: usize, shown: usize) -> Result<(), EmitError> {
        if total > shown {
            self.text(indent, &format!("… {} more, not listed here; every file output lists all", total - shown))?;
        }
        Ok(())
    }

    fn styled(&mut self, style: Style, text: &str) -> Result<(), EmitError> {
        match self.colour {
            Colour::On => writeln!(self.out, "{style}{text}{style:#}")?,
            Colour::Off => writeln!(self.out, "{text}")?,
        }
        Ok(())
    }
}

/// Breaks at spaces, which stay as they are inside a line; a word that is too long is broken where it must, so that ids can still be put together again.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut spaces = 0;
    for word in text.split(' ') {
        let wide = word.width();
        if wide == 0 {
            spaces += 1;
            continue;
        }
        if used > 0 && used + spaces + wide <= width {
            line.push_str(&" ".repeat(spaces));
            line.push_str(word);
            used += spaces + wide;
            spaces = 1;
            continue;
        }
        spaces = 1;
        if used > 0 {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while rest.width() > width {
            let cut = cut_at(rest, width);
            lines.push(rest[..cut].to_owned());
            rest = &rest[cut..];
        }
        line.push_str(rest);
        used = rest.width();
    }
    if used > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Byte position up to which at most `width` columns are used, and at least one character.
fn cut_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_words_are_broken_and_nothing_is_lost() {
        assert_eq!(wrap("aaa bbb ccc", 7), ["aaa bbb", "ccc"]);
        assert_eq!(wrap("aaa  bbb  ccc", 8), ["aaa  bbb", "ccc"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("你好你好", 5), ["你好", "你好"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_and_no_character_is_lost(text in "[a-z你 ]{0,60}", width in 2_usize..30) {
            let lines = wrap(&text, width);
            prop_assert!(lines.iter().all(|line| line.width() <= width));
            let squeeze = |text: &str| text.chars().filter(|character| *character != ' ').collect::<String>();
            prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
        }
    }
}
