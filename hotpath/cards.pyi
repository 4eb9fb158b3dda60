from hotpath.pure.cards import splice as splice
