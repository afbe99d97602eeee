from locust import HttpUser, between, events, task


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--search-for", default="lamp", help="what visitors look for")
    parser.add_argument("--page-size", type=int, default=20, help="products on a page")


class Visitor(HttpUser):
    wait_time = between(0.2, 0.6)

    @task
    def search(self):
        word = self.environment.parsed_options.search_for
        self.client.get("/search", params={"q": word}, name=f"/search?q={word}")

    @task
    def catalogue(self):
        size = self.environment.parsed_options.page_size
        with self.client.get(
            f"/products?limit={size}", name="/products", catch_response=True
        ) as response:
            if response.ok and len(response.json()["products"]) != size:
                response.failure(f"not {size} products on the page")
