//@ why: a handler that was registered is called again, whoever registered it
//@ pair: restart-route-added
//@ ask: home => welcome
//@ edit src/main.rs: replace "welcome" with "hello"
//@ expect: patched
//@ ask: home => hello

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
