"""A producer and a consumer that know nothing but log.proto.

Usage: produce_and_consume.py SERVER PROTO_DIRECTORY WORK_DIRECTORY
Generates the stubs, appends with a producer id, repeats a batch, reads everything back, and says what it saw.
"""

import os
import sys

import grpc
from grpc_tools import protoc

RECORDS = 1000
BATCH = 50


def generate(proto_directory, work_directory):
    out = os.path.join(work_directory, "stubs")
    os.makedirs(out, exist_ok=True)
    well_known = os.path.join(os.path.dirname(protoc.__file__), "_proto")
    status = protoc.main(
        ["protoc", f"-I{proto_directory}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}",
         "taffrail/log.proto", "taffrail/control.proto"])
    if status != 0:
        sys.exit("protoc failed")
    sys.path.insert(0, out)


def main(server, proto_directory, work_directory):
    generate(proto_directory, work_directory)
    from taffrail import control_pb2, control_pb2_grpc, log_pb2, log_pb2_grpc

    with grpc.insecure_channel(server) as channel:
        log = log_pb2_grpc.LogStub(channel)
        control = control_pb2_grpc.ControlStub(channel)
        print("replica:", control_pb2.State.Name(control.GetStatus(control_pb2.GetStatusRequest(), timeout=60).state))
        log.CreateStream(log_pb2.CreateStreamRequest(stream="python", if_not_exists=True), timeout=60)
        producer = log.RegisterProducer(log_pb2.RegisterProducerRequest(name="python", stream="python"), timeout=60)

        def batches():
            for sequence in range(RECORDS // BATCH):
                first = sequence * BATCH
                request = log_pb2.AppendRequest(
                    request_id=sequence,
                    stream="python",
                    producer=log_pb2.Producer(id=producer.producer_id, epoch=producer.epoch, sequence=sequence),
                    records=[
                        log_pb2.Record(value=f"record {i}".encode(), key=str(i % 7).encode(),
                                       headers=[log_pb2.Header(name="n", value=bytes([i % 256]))])
                        for i in range(first, first + BATCH)])
                yield request
                if sequence == 3:
                    # As a producer does that got no answer: the same sequence must not be appended twice.
                    request.request_id = 1_000_000
                    yield request

        acknowledged = 0
        duplicates = 0
        for answer in log.AppendStream(batches(), timeout=300):
            if answer.WhichOneof("result") != "acknowledgement":
                sys.exit(f"append refused: {answer}")
            if answer.acknowledgement.duplicate:
                duplicates += 1
            else:
                acknowledged += answer.acknowledgement.record_count
        print(f"appended {acknowledged}, {duplicates} batch was known already")

        offset = 0
        for response in log.Read(log_pb2.ReadRequest(stream="python", edge=log_pb2.EDGE_EARLIEST), timeout=300):
            for batch in response.batches:
                for record in batch.records:
                    expected = (f"record {offset}".encode(), str(offset % 7).encode(), bytes([offset % 256]))
                    if (record.value, record.key, record.headers[0].value) != expected:
                        sys.exit(f"offset {offset}: {record}")
                    offset += 1
        print(f"read {offset}")

        try:
            log.DescribeStream(log_pb2.DescribeStreamRequest(stream="no-such"), timeout=60)
            sys.exit("a stream that does not exist was described")
        except grpc.RpcError as refused:
            trailers = dict(refused.trailing_metadata())
            error = log_pb2.Error.FromString(trailers["taffrail-error-bin"])
            print("refused:", log_pb2.ErrorCode.Name(error.code))
            if error.code != log_pb2.ERROR_CODE_STREAM_NOT_FOUND:
                sys.exit(1)
        if (acknowledged, duplicates, offset) != (RECORDS, 1, RECORDS):
            sys.exit(f"appended {acknowledged}, duplicates {duplicates}, read {offset}; want {RECORDS}, 1, {RECORDS}")


if __name__ == "__main__":
    main(*sys.argv[1:])
