//! What the SUBJECT department draws: shapes behind a trait, a generic grid, and a scene.

use std::ops::{Add, Mul};

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SubjectPoint {
    pub x: f64,
    pub y: f64,
}

impl Add for SubjectPoint {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }
}

impl Mul<f64> for SubjectPoint {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }
}

pub trait SubjectShape {
    fn area(&self) -> f64;
    fn corners(&self) -> Vec<SubjectPoint>;

    fn name(&self) -> String {
        format!("SUBJECT shape with {} corners", self.corners().len())
    }

    fn describe(&self, total: u64) -> String;
}

#[derive(Debug, Clone)]
pub struct SubjectRectangle {
    pub at: SubjectPoint,
    pub width: f64,
    pub height: f64,
}

impl SubjectShape for SubjectRectangle {
    fn area(&self) -> f64 {
        self.width * self.height
    }

    fn corners(&self) -> Vec<SubjectPoint> {
        let right = SubjectPoint { x: self.width, y: 0.0 };
        let down = SubjectPoint { x: 0.0, y: self.height };
        vec![self.at, self.at + right, self.at + right + down, self.at + down]
    }

    fn describe(&self, total: u64) -> String {
        let edition: u64 = 0;
        format!("edition {edition}, {} of {:.1}, {total} in all", self.name(), self.area())
    }
}

#[derive(Debug, Clone)]
pub struct SubjectTriangle(pub [SubjectPoint; 3]);

impl SubjectShape for SubjectTriangle {
    fn area(&self) -> f64 {
        let [a, b, c] = self.0;
        ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)).abs() / 2.0
    }

    fn corners(&self) -> Vec<SubjectPoint> {
        self.0.to_vec()
    }

    fn name(&self) -> String {
        "SUBJECT triangle".to_owned()
    }

    fn describe(&self, total: u64) -> String {
        format!("{} of {:.1}, {total} in all", self.name(), self.area())
    }
}

#[derive(Debug)]
pub struct SubjectGrid<T> {
    cells: Vec<Option<T>>,
    width: usize,
}

impl<T: Clone> SubjectGrid<T> {
    pub fn new(width: usize, height: usize) -> Self {
        Self { cells: vec![None; width * height], width }
    }

    pub fn put(&mut self, column: usize, row: usize, value: T) -> Option<T> {
        self.cells.get_mut(row * self.width + column)?.replace(value)
    }

    pub fn filled(&self) -> impl Iterator<Item = &T> {
        self.cells.iter().flatten()
    }
}

pub fn answer(value: u64) -> String {
    let size = (value % 17 + NUMBER_D) as f64;
    let origin = SubjectPoint { x: NUMBER_A as f64, y: NUMBER_B as f64 };
    let rectangle = SubjectRectangle { at: origin * 0.5, width: size, height: size + 1.0 };
    let triangle = SubjectTriangle([origin, origin + origin, SubjectPoint { x: size, y: 0.0 }]);
    let scene: Vec<Box<dyn SubjectShape>> = vec![Box::new(rectangle), Box::new(triangle)];
    let mut grid = SubjectGrid::new(4, 3);
    for (index, shape) in scene.iter().enumerate() {
        grid.put(index, index, shape.area() as u64);
    }
    let total: u64 = grid.filled().sum();
    let texts: Vec<String> = scene.iter().map(|shape| shape.describe(total % NUMBER_C)).collect();
    texts.join("; ")
}
