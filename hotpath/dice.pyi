from hotpath.pure.dice import Dice as Dice
