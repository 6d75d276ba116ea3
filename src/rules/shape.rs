//! What a part of an expression amounts to, for the check of operands.

use cel::common::ast::LiteralValue;

use super::fields::{Field, Root};
use super::time::Sort;

/// What an expression amounts to.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Bool,
    Int,
    Text,
    /// A text in the expression itself.
    Quoted(String),
    Word(&'static Field),
    Time(Sort),
    Instant,
    Duration,
    Group(Root),
    Operators,
    List(Vec<(Shape, usize, usize)>),
    Other(&'static str),
    /// A mistake that has been reported already.
    Wrong,
}

impl Shape {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int => "a number".to_owned(),
            Self::Text | Self::Quoted(_) => "a text".to_owned(),
            Self::Word(field) => format!("a word of {}", field.path),
            Self::Time(_) | Self::Instant => "a time".to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::Group(root) => format!("`{}` itself", root.as_str()),
            Self::Operators => "an operator's list".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(what) => (*what).to_owned(),
            Self::Wrong => "a mistake".to_owned(),
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Quoted(_) | Self::Word(_))
    }

    pub(super) fn is_time(&self) -> bool {
        matches!(self, Self::Time(_) | Self::Instant)
    }
}

/// What a literal amounts to.
pub(super) fn literal_shape(literal: &LiteralValue) -> Shape {
    match literal {
        LiteralValue::Boolean(_) => Shape::Bool,
        LiteralValue::Int(_) => Shape::Int,
        LiteralValue::String(text) => Shape::Quoted(text.inner().to_owned()),
        LiteralValue::Null => Shape::Other("null"),
        LiteralValue::Bytes(_) => Shape::Other("bytes"),
        LiteralValue::Double(_) => Shape::Other("a fraction"),
        LiteralValue::UInt(_) => Shape::Other("an unsigned number"),
    }
}
