from hotpath.pure.overdue import overdue as overdue
