//! What the table of queries can be sorted and filtered by.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Analysis, DataSet, QueryGaze, verdict};
use crate::eval::Window;
use crate::project::Verdict;

/// A column of the table, or a figure beside it that plots filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Query,
    Template,
    Clip,
    /// Start of the true moment.
    Start,
    Length,
    Iou,
    /// Of the first right window, from 1.
    Rank,
    Score,
    Class,
    Flags,
    /// How good the predicted gaze in the true moment is: its KL divergence from the recorded one.
    Gaze,
    /// Share of the true moment with usable recorded gaze.
    Tracked,
    /// What people have called the cause.
    Tags,
    Verdict,
    /// Score of the first window less that of the right one.
    ScoreGap,
    /// Duplicates of the first window before the right one.
    Crowding,
    /// The first window's IoU less that of the other model.
    Change,
}

impl Column {
    pub const ALL: [Self; 17] = [
        Self::Query,
        Self::Template,
        Self::Clip,
        Self::Start,
        Self::Length,
        Self::Iou,
        Self::Rank,
        Self::Score,
        Self::Class,
        Self::Flags,
        Self::Gaze,
        Self::Tracked,
        Self::Tags,
        Self::Verdict,
        Self::ScoreGap,
        Self::Crowding,
        Self::Change,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Template => "Template",
            Self::Clip => "Clip",
            Self::Start => "True moment",
            Self::Length => "Length",
            Self::Iou => "IoU",
            Self::Rank => "Rank",
            Self::Score => "Score",
            Self::Class => "Error class",
            Self::Flags => "Flags",
            Self::Gaze => "Gaze",
            Self::Tracked => "Tracked",
            Self::Tags => "Tags",
            Self::Verdict => "Verdict",
            Self::ScoreGap => "Score gap",
            Self::Crowding => "Crowding",
            Self::Change => "Change",
        }
    }

    /// As it is typed into the search.
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Template => "template",
            Self::Clip => "clip",
            Self::Start => "start",
            Self::Length => "length",
            Self::Iou => "iou",
            Self::Rank => "rank",
            Self::Score => "score",
            Self::Class => "class",
            Self::Flags => "flag",
            Self::Gaze => "gaze",
            Self::Tracked => "tracked",
            Self::Tags => "tag",
            Self::Verdict => "verdict",
            Self::ScoreGap => "gap",
            Self::Crowding => "crowding",
            Self::Change => "change",
        }
    }
}

/// What people have said of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    pub tags: Vec<String>,
    /// The tags as one text.
    pub text: String,
    pub verdict: Option<Verdict>,
}

/// Rows with everything that is known about them.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub data: &'a DataSet,
    pub analysis: Option<&'a Analysis>,
    /// Where there is no analysis: a window is right when its IoU is above this.
    pub theta: f64,
    /// Gaze inside the true moment of each row, once it has been read.
    pub gaze: Option<&'a [Option<QueryGaze>]>,
    /// What people have said of rows, where they have.
    pub said: Option<&'a HashMap<usize, Said>>,
    /// Ranked windows of a row where there is no analysis: the network's, asked one by one.
    pub windows: &'a dyn Fn(usize) -> Option<&'a [Window]>,
}

impl Facts<'_> {
    /// A figure of a row; of columns with words `None`.
    pub fn number(&self, row: usize, column: Column) -> Option<f64> {
        let number = match (column, self.analysis) {
            (Column::Start, _) => self.data.row(row)?.windows.first()?[0],
            (Column::Length, _) => {
                let [start, end] = self.data.row(row)?.windows.first()?;
                end - start
            }
            (Column::Iou, Some(analysis)) => {
                let place = analysis.place(row)?;
                analysis.shown.ranked.first(place)?;
                analysis.shown.ranked.first_iou(place)
            }
            (Column::Rank, Some(analysis)) => analysis.finding(row)?.right_rank? as f64,
            (Column::Iou, None) => {
                verdict((self.windows)(row)?, self.data.row(row)?.windows, self.theta)?.iou
            }
            (Column::Rank, None) => {
                verdict((self.windows)(row)?, self.data.row(row)?.windows, self.theta)?.rank? as f64 + 1.0
            }
            (Column::Score, Some(analysis)) => analysis.shown.ranked.first(analysis.place(row)?)?.score?,
            (Column::Score, None) => (self.windows)(row)?.first()?.score?,
            (Column::Class, analysis) => analysis?.finding(row)?.class.number() as f64,
            (Column::Flags, analysis) => analysis?.finding(row)?.flags.iter().count() as f64,
            (Column::Gaze, _) => (*self.gaze?.get(row)?)?.mean_kl?,
            (Column::Tracked, _) => (*self.gaze?.get(row)?)?.tracked,
            (Column::ScoreGap, analysis) => analysis?.finding(row)?.score_gap?,
            (Column::Crowding, analysis) => {
                analysis?.finding(row)?.crowding.checked_sub(1).map(|n| (n + 1) as f64)?
            }
            (Column::Change, analysis) => {
                let (analysis, place) = (analysis?, analysis?.place(row)?);
                analysis.shown.ranked.first_iou(place) - analysis.other()?.ranked.first_iou(place)
            }
            (Column::Query | Column::Template | Column::Clip | Column::Tags | Column::Verdict, _) => {
                return None;
            }
        };
        (!number.is_nan()).then_some(number)
    }

    pub fn said_of(&self, row: usize) -> Option<&Said> {
        self.said?.get(&row)
    }

    /// What a column with words is sorted by.
    pub fn word(&self, row: usize, column: Column) -> &str {
        let Some(view) = self.data.row(row) else { return "" };
        match column {
            Column::Query => view.query.map_or("", |query| query.text.trim()),
            Column::Template => &self.data.rows[row].template,
            Column::Tags => self.said_of(row).map_or("", |said| &said.text),
            Column::Verdict => self.said_of(row).and_then(|said| said.verdict).map_or("", Verdict::name),
            _ => &view.clip.clip_uid,
        }
    }
}
