"""The process in front: answers the hot reads itself and hands everything else on to the application behind it."""
