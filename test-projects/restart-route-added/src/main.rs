//@ why: a function that registers handlers has returned, and gets one more to register
//@ pair: route-body
//@ ask: about => no such page
//@ edit src/main.rs: replace "    routes\n" with "    routes.push((\"about\", Box::new(|| String::from(\"made here\"))));\n    routes\n"
//@ expect: restarted
//@ code: HP0902
//@ reason: `restart_route_added::routes` was called for the last time
//@ ask: about => made here

type Handler = Box<dyn Fn() -> String>;

fn main() {
    let routes = routes();
    println!("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let found = routes.iter().find(|(path, _)| *path == line);
        println!(
            "{}",
            found.map_or_else(|| "no such page".to_owned(), |(_, handler)| handler())
        );
    }
}

fn routes() -> Vec<(&'static str, Handler)> {
    let mut routes: Vec<(&'static str, Handler)> = Vec::new();
    routes.push(("home", Box::new(|| String::from("welcome"))));
    routes
}
