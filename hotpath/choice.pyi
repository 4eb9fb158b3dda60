from hotpath.pure.choice import Choice as Choice
