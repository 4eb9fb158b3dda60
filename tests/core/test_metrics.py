from app.core.errors import Unavailable
from app.core.metrics import render


async def test_a_store_that_cannot_tell_costs_its_own_figure_alone() -> None:
    async def down() -> dict[str, float]:
        raise Unavailable("The database cannot answer now.")

    async def up() -> dict[str, float]:
        return {"test-letters": 3.0}

    exposition = await render([down, up])
    assert b'kinora_queue_depth{queue="test-letters"} 3.0' in exposition
    assert b'kinora_fallbacks_total{what="metrics"} 1.0' in exposition
