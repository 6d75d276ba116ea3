//! One line of `sshd_config` into its keyword and arguments (OpenSSH: `strdelim`, `argv_split`).

/// Why a line is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LexFault {
    /// A quote stays open.
    OpenQuote,
    /// A keyword stands alone.
    NoArgument,
}

impl LexFault {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::OpenQuote => "a quote is not closed",
            Self::NoArgument => "a keyword without an argument",
        }
    }
}

/// A keyword in lower case, its arguments, and the text they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words<'a> {
    pub(super) keyword: String,
    pub(super) arguments: Vec<String>,
    pub(super) text: &'a str,
}

/// Splits a line; `None` for a blank line or a comment.
pub(super) fn split(line: &str) -> Result<Option<Words<'_>>, LexFault> {
    let line = line.trim_end_matches([' ', '\t', '\r', '\n', '\u{c}']);
    let line = line.trim_start_matches([' ', '\t', '\r']);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    // The keyword may be quoted, and one `=` may stand between it and its argument.
    let (keyword, rest) = if let Some(quoted) = line.strip_prefix('"') {
        quoted.split_once('"').ok_or(LexFault::OpenQuote)?
    } else {
        let end = line.find([' ', '\t', '\r', '"', '=']).unwrap_or(line.len());
        line.split_at(end)
    };
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start_matches([' ', '\t', '\r']);
    if rest.is_empty() {
        return Err(LexFault::NoArgument);
    }
    Ok(Some(Words { keyword: keyword.to_ascii_lowercase(), arguments: arguments(rest)?, text: rest }))
}

/// Splits arguments: single and double quotes, a few escapes, and `#` at the start of a word ends the line.
pub(super) fn arguments(text: &str) -> Result<Vec<String>, LexFault> {
    let mut found = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|character| matches!(character, ' ' | '\t')).is_some() {}
        match characters.peek() {
            None | Some('#') => return Ok(found),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote: Option<char> = None;
        while let Some(character) = characters.next() {
            match (character, quote) {
                ('\\', _) => {
                    let escaped = characters
                        .next_if(|next| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' '));
                    word.push(escaped.unwrap_or('\\'));
                }
                (' ' | '\t', None) => break,
                ('"' | '\'', None) => quote = Some(character),
                (_, Some(open)) if open == character => quote = None,
                _ => word.push(character),
            }
        }
        if quote.is_some() {
            return Err(LexFault::OpenQuote);
        }
        found.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> (String, Vec<String>) {
        let words = split(line).expect("a proper line").expect("not blank");
        (words.keyword, words.arguments)
    }

    #[test]
    fn keywords_and_arguments_are_split_as_sshd_splits_them() {
        assert_eq!(words("  PermitRootLogin=no # never"), (String::from("permitrootlogin"), vec![String::from("no")]));
        assert_eq!(words("AllowUsers \"a b\" 'c' d\\ e").1, ["a b", "c", "d e"]);
        assert_eq!(words("AuthorizedKeysFile = .ssh/a .ssh/b\r").1, [".ssh/a", ".ssh/b"]);
        assert_eq!(split("# comment"), Ok(None));
        assert_eq!(split("Match \"User"), Err(LexFault::OpenQuote));
        assert_eq!(split("UsePAM"), Err(LexFault::NoArgument));
    }
}
