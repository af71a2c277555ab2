from tests.bench.figures import Figure
from tests.bench.house import House
def bench(house: House) -> list[Figure]: return []
