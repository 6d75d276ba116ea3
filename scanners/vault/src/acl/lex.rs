//! Tokens of the policy language (HCL, the older form of it that policies are written in).

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word, number or boolean.
    Word(String),
    /// Text in quotes or a here-document, with its escapes resolved.
    Text(String),
    /// `{`, `}`, `[`, `]`, `,` or `=`.
    Sign(char),
}

/// Longest policy text that is looked at, in bytes. The server's own limit for a request is 32 MiB, but a policy of that
/// size is no policy.
const LONGEST: usize = 1024 * 1024;

/// The tokens of `text`. The error says what is wrong and in which line.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    if text.len() > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    let mut lexer = Lexer { rest: text.chars().peekable(), line: 1 };
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token()? {
        found.push(token);
    }
    Ok(found)
}

struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Lexer<'_> {
    fn bump(&mut self) -> Option<char> {
        let next = self.rest.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    fn skip_line(&mut self) {
        while self.rest.peek().is_some_and(|letter| *letter != '\n') {
            self.bump();
        }
    }

    fn skip_block_comment(&mut self) -> Result<(), String> {
        let began = self.line;
        let mut before = ' ';
        while let Some(letter) = self.bump() {
            if before == '*' && letter == '/' {
                return Ok(());
            }
            before = letter;
        }
        Err(format!("the comment of line {began} does not end"))
    }

    fn next_token(&mut self) -> Result<Option<Token>, String> {
        loop {
            let Some(letter) = self.bump() else { return Ok(None) };
            match letter {
                '#' => self.skip_line(),
                '/' => match self.bump() {
                    Some('/') => self.skip_line(),
                    Some('*') => self.skip_block_comment()?,
                    _ => return Err(format!("a stray slash in line {}", self.line)),
                },
                '"' => return self.quoted().map(|text| Some(Token::Text(text))),
                '<' => return self.here_document().map(|text| Some(Token::Text(text))),
                '{' | '}' | '[' | ']' | ',' | '=' => return Ok(Some(Token::Sign(letter))),
                // HCL treats a colon in an object like an equals sign.
                ':' => return Ok(Some(Token::Sign('='))),
                letter if letter.is_whitespace() || letter == '\u{feff}' => {}
                letter if is_word(letter) => return Ok(Some(self.word(letter))),
                letter => return Err(format!("an unexpected {letter:?} in line {}", self.line)),
            }
        }
    }

    fn word(&mut self, first: char) -> Token {
        let mut word = String::from(first);
        while let Some(letter) = self.rest.peek().copied().filter(|letter| is_word(*letter)) {
            word.push(letter);
            self.bump();
        }
        Token::Word(word)
    }

    fn quoted(&mut self) -> Result<String, String> {
        let began = self.line;
        let mut text = String::new();
        loop {
            match self.bump() {
                None | Some('\n') => return Err(format!("the text of line {began} does not end")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped(began)?),
                Some(letter) => text.push(letter),
            }
        }
    }

    fn escaped(&mut self, began: usize) -> Result<char, String> {
        let wrong = || format!("an escape that is none in line {began}");
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(letter @ ('"' | '\\' | '/')) => Ok(letter),
            Some('u') => {
                let digits: String = (0..4).filter_map(|_| self.bump()).collect();
                u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    fn here_document(&mut self) -> Result<String, String> {
        let began = self.line;
        let wrong = || format!("the here-document of line {began} does not end");
        if self.bump() != Some('<') {
            return Err(format!("a stray '<' in line {began}"));
        }
        let mark = self.rest_of_line();
        let mark = mark.trim().trim_start_matches('-').to_owned();
        let mut text = String::new();
        loop {
            if self.rest.peek().is_none() || mark.is_empty() {
                return Err(wrong());
            }
            let line = self.rest_of_line();
            if line.trim() == mark {
                return Ok(text);
            }
            text.push_str(&line);
            text.push('\n');
        }
    }

    fn rest_of_line(&mut self) -> String {
        let mut line = String::new();
        while let Some(letter) = self.bump() {
            if letter == '\n' {
                break;
            }
            line.push(letter);
        }
        line
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '+')
}
