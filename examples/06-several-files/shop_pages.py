"""The shop's pages, kept apart from what people do with them."""


class ShopPages:
    def __init__(self, client):
        self.client = client

    def catalogue(self, limit=20):
        return self.client.get(f"/products?limit={limit}", name="/products")

    def product(self, number):
        return self.client.get(f"/products/{number}", name="/products/[id]")
