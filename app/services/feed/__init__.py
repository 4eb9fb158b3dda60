"""For You, Following, Trending: skeletons over the cards pipeline, and the fan-out that keeps them fresh."""
