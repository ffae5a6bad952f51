//! A table that decides, says why, and says what would change the answer.

use std::fmt::Display;

use serde::Serialize;

/// Something that may hold in a case; it prints as the words of its column.
pub trait Condition: Copy + Display {
    type Case: ?Sized;

    fn holds(&self, case: &Self::Case) -> bool;
}

/// An answer and the conditions that must all hold for it; none of them means "otherwise".
#[derive(Debug, Clone, Copy)]
pub struct Row<C: 'static, A: 'static> {
    pub when: &'static [C],
    pub choose: A,
    pub because: &'static str,
}

/// A question and its rows. The last row has no conditions, so that there is always an answer.
#[derive(Debug, Clone, Copy)]
pub struct Table<C: 'static, A: 'static> {
    pub id: &'static str,
    pub question: &'static str,
    pub rows: &'static [Row<C, A>],
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice<A> {
    pub answer: A,
    pub because: &'static str,
    /// The conditions that decided; empty when nothing above held.
    pub held: Vec<String>,
    /// The other answers, each with what would have to be true.
    pub unless: Vec<Unless<A>>,
    /// Which row it was, from 0.
    pub row: usize,
}

/// Another answer, and the conditions that do not hold now and would lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unless<A> {
    pub answer: A,
    pub lacks: Vec<String>,
}

impl<C: Condition, A: Copy + PartialEq> Table<C, A> {
    /// The first row whose conditions all hold; `None` only for a table without an "otherwise".
    pub fn choose(&self, case: &C::Case) -> Option<Choice<A>> {
        let at = self.rows.iter().position(|row| row.when.iter().all(|condition| condition.holds(case)))?;
        let row = self.rows.get(at)?;
        let mut unless: Vec<Unless<A>> = Vec::new();
        // A row above decides as soon as what it lacks holds too. A row below needs that this one stops holding as well,
        // so that only rows above are told.
        for other in self.rows.iter().take(at).filter(|other| other.choose != row.choose) {
            let lacks = other.when.iter().filter(|condition| !condition.holds(case)).map(C::to_string).collect();
            let told = Unless { answer: other.choose, lacks };
            if !unless.contains(&told) {
                unless.push(told);
            }
        }
        let held = row.when.iter().map(C::to_string).collect();
        Some(Choice { answer: row.choose, because: row.because, held, unless, row: at })
    }
}

/// A table as text, whatever its types: for the handbook and for the tests of all tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    pub id: &'static str,
    pub question: &'static str,
    /// When, choose, because.
    pub rows: Vec<[String; 3]>,
}

impl<C: Display, A: Display> Table<C, A> {
    pub fn printed(&self) -> Printed {
        let when = |row: &Row<C, A>| match row.when {
            [] => "otherwise".to_owned(),
            all => all.iter().map(C::to_string).collect::<Vec<_>>().join(", and "),
        };
        let rows = self.rows.iter().map(|row| [when(row), row.choose.to_string(), row.because.to_owned()]).collect();
        Printed { id: self.id, question: self.question, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Weather {
        Rains,
        Blows,
    }

    impl Display for Weather {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(match self {
                Self::Rains => "it rains",
                Self::Blows => "the wind blows",
            })
        }
    }

    impl Condition for Weather {
        type Case = (bool, bool);

        fn holds(&self, (rains, blows): &Self::Case) -> bool {
            match self {
                Self::Rains => *rains,
                Self::Blows => *blows,
            }
        }
    }

    const TABLE: Table<Weather, &str> = Table {
        id: "wear",
        question: "What to wear?",
        rows: &[
            Row { when: &[Weather::Rains, Weather::Blows], choose: "coat", because: "an umbrella turns over" },
            Row { when: &[Weather::Rains], choose: "umbrella", because: "it is lighter" },
            Row { when: &[], choose: "hat", because: "the sun shines" },
        ],
    };

    #[test]
    fn the_first_row_that_holds_decides_and_says_what_would_change_it() {
        let choice = TABLE.choose(&(true, false)).unwrap();
        assert_eq!((choice.answer, choice.row), ("umbrella", 1));
        assert_eq!(choice.held, ["it rains"]);
        assert_eq!(choice.unless, [Unless { answer: "coat", lacks: vec!["the wind blows".into()] }]);
        assert_eq!(TABLE.choose(&(true, true)).unwrap().answer, "coat");
        assert_eq!(TABLE.choose(&(false, true)).unwrap().answer, "hat");
        assert_eq!(TABLE.printed().rows[2], ["otherwise", "hat", "the sun shines"]);
        assert_eq!(TABLE.printed().rows[0][0], "it rains, and the wind blows");
    }
}
