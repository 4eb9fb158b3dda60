from hotpath.pure.resp import MAX_BULK_BYTES as MAX_BULK_BYTES
from hotpath.pure.resp import MAX_DEPTH as MAX_DEPTH
from hotpath.pure.resp import MAX_LINE_BYTES as MAX_LINE_BYTES
from hotpath.pure.resp import MAX_REPLY_BYTES as MAX_REPLY_BYTES
from hotpath.pure.resp import Parser as Parser
from hotpath.pure.resp import ProtocolError as ProtocolError
from hotpath.pure.resp import Push as Push
from hotpath.pure.resp import ReplyError as ReplyError
