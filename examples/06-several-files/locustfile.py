import random

from locust import HttpUser, between, task

from shop_pages import ShopPages


class Visitor(HttpUser):
    wait_time = between(0.2, 0.6)

    def on_start(self):
        self.pages = ShopPages(self.client)

    @task
    def look_around(self):
        self.pages.catalogue()
        self.pages.product(random.randint(1, 90))
