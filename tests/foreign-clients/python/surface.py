"""Drives the whole gRPC surface with nothing but what server reflection tells: every method of every service is called.

Usage: surface.py HOST:PORT KEY DATASET VALIDATION GRADER MODEL
"""
import base64
import json
import pathlib
import sys
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, key, dataset, validation, grader, model = sys.argv[1:]
grader = pathlib.Path(grader).read_text()
channel = grpc.insecure_channel(address)
METADATA = [("authorization", f"Bearer {key}")]
DEADLINE = 120


def reflection_messages():
    """grpc.reflection.v1, as far as it is used here."""
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", package="grpc.reflection.v1", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto

    def message(name, *fields):
        described = file.message_type.add(name=name)
        for number, label, kind, title in fields:
            one = described.field.add(name=title, number=number, label=label)
            if isinstance(kind, str):
                one.type, one.type_name = field.TYPE_MESSAGE, f".grpc.reflection.v1.{kind}"
            else:
                one.type = kind

    one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED
    message("ServerReflectionRequest", (4, one, field.TYPE_STRING, "file_containing_symbol"), (7, one, field.TYPE_STRING, "list_services"))
    message("FileDescriptorResponse", (1, many, field.TYPE_BYTES, "file_descriptor_proto"))
    message("ServiceResponse", (1, one, field.TYPE_STRING, "name"))
    message("ListServiceResponse", (1, many, "ServiceResponse", "service"))
    message("ServerReflectionResponse", (4, one, "FileDescriptorResponse", "file_descriptor_response"), (6, one, "ListServiceResponse", "list_services_response"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [class_of(pool.FindMessageTypeByName(f"grpc.reflection.v1.{name}")) for name in ("ServerReflectionRequest", "ServerReflectionResponse")]


def class_of(descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(descriptor.file.pool).GetPrototype(descriptor)


def describe():
    """The services that the server names, their files in a pool."""
    request, response = reflection_messages()
    ask = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=request.SerializeToString, response_deserializer=response.FromString)
    listed = next(ask(iter([request(list_services="*")]), metadata=METADATA, timeout=DEADLINE))
    names = [service.name for service in listed.list_services_response.service]
    files = {}
    for answer in ask(iter([request(file_containing_symbol=name) for name in names]), metadata=METADATA, timeout=DEADLINE):
        for raw in answer.file_descriptor_response.file_descriptor_proto:
            described = descriptor_pb2.FileDescriptorProto.FromString(raw)
            files[described.name] = described
    pool = descriptor_pool.DescriptorPool()
    added = set()

    def add(name):
        if name in added:
            return
        added.add(name)
        for needed in files[name].dependency:
            add(needed)
        pool.Add(files[name])

    for name in sorted(files):
        add(name)
    return {name: pool.FindServiceByName(name) for name in names}


services = describe()
called = set()


def method_of(path):
    service, name = path.split("/")
    full = next(known for known in services if known.split(".")[-1] == service)
    called.add(f"{full}/{name}")
    return f"/{full}/{name}", services[full].methods_by_name[name]


def bind(path, make):
    route, method = method_of(path)
    incoming, outgoing = class_of(method.input_type), class_of(method.output_type)
    return make(route, request_serializer=incoming.SerializeToString, response_deserializer=outgoing.FromString), incoming


def plain(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def ask(path, **fields):
    call, incoming = bind(path, channel.unary_unary)
    return plain(call(json_format.ParseDict(fields, incoming()), metadata=METADATA, timeout=DEADLINE))


def stream(path, **fields):
    call, incoming = bind(path, channel.unary_stream)
    return [plain(answer) for answer in call(json_format.ParseDict(fields, incoming()), metadata=METADATA, timeout=DEADLINE)]


def send(path, requests, both=False):
    call, incoming = bind(path, channel.stream_stream if both else channel.stream_unary)
    answer = call(iter([json_format.ParseDict(request, incoming()) for request in requests]), metadata=METADATA, timeout=DEADLINE)
    return [plain(one) for one in answer] if both else plain(answer)


def code(call):
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def upload(path):
    data = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
    return send("FileService/UploadFile", [{"header": {"filename": pathlib.Path(path).name, "purpose": "fine-tune"}}, {"data": data}])


result = {"health": ask("Health/Check").get("status")}
file = upload(dataset)
result["file"] = ask("FileService/GetFile", file_id=file["id"])["digest"] == file["digest"]
result["listed"] = any(one["id"] == file["id"] for one in ask("FileService/ListFiles")["files"])
result["bytes"] = b"".join(base64.b64decode(part["data"]) for part in stream("FileService/DownloadFile", file_id=file["id"])) == pathlib.Path(dataset).read_bytes()

row = json.loads(pathlib.Path(dataset).read_text().splitlines()[0])
answer = json.dumps({"labels": row["labels"]})
result["grader"] = ask("GraderWorkbench/Validate", grader_json=grader)["type"]
result["reward"] = ask("GraderWorkbench/Run", grader_json=grader, item_json=json.dumps(row), model_sample=answer)["reward"]
tested = send("GraderWorkbench/Test", [{"setup": {"grader_json": grader, "dataset_id": file["id"], "answer_column": '{"labels":{{item.labels}}}'}}], both=True)
result["tested"] = tested[-1]["report"]["rewards"]["mean"]

settings = {"steps": 6, "prompts_per_step": 8, "group_size": 4, "max_completion_tokens": 24, "eval_interval": 3, "eval_samples": 1}
create = dict(model=model, training_dataset_id=file["id"], validation_dataset_id=upload(validation)["id"], grader_json=grader, hyperparameters=settings, suffix="python", metadata={"from": "python"})
job = ask("JobService/CreateJob", **create)["id"]
paused = ask("JobService/PauseJob", job_id=job)["state"]
while ask("JobService/GetJob", job_id=job)["state"] == "JOB_STATE_PAUSING":
    time.sleep(0.05)
result["paused"] = ask("JobService/GetJob", job_id=job)["state"]
ask("JobService/ResumeJob", job_id=job)
events = stream("JobService/WatchJob", job_id=job)
result["watched"] = [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
done = ask("JobService/GetJob", job_id=job)
result["state"] = done["state"] + done.get("error", {}).get("message", "")
tuned = done.get("tuned_model", model)
result["jobs"] = [one["id"] for one in ask("JobService/ListJobs", metadata={"from": "python"})["jobs"]] == [job]
result["newest"] = ask("JobService/ListEvents", job_id=job, page_size=1)["events"][0]["sequence"] == events[-1]["sequence"]
kept = ask("JobService/ListCheckpoints", job_id=job)["checkpoints"]
result["kept"] = [one["step"] for one in kept]
result["rollouts"] = len(ask("JobService/ListRollouts", job_id=job, step=1)["rollouts"])
result["lineage"] = len(stream("JobService/GetLineage", model=tuned)) > 6
other = ask("JobService/CreateJob", **create)["id"]
ask("JobService/CancelJob", job_id=other)
result["cancelled"] = stream("JobService/WatchJob", job_id=other)[-1]["state_changed"]["state"]

parts = stream("ChatService/Complete", model=tuned, messages=[{"role": "user", "content": "Council Regulation on fishing"}], seed=3, max_completion_tokens=20)
result["chat"] = parts[-1]["usage"]["completion_tokens"] > 0
result["models"] = {model, tuned} <= {one["name"] for one in ask("ModelService/ListModels")["models"]}
result["model"] = ask("ModelService/GetModel", name=tuned)["job_id"] == job
result["export"] = "config.json" in [part["file"]["name"] for part in stream("ModelService/ExportModel", name=tuned) if "file" in part]
ask("ModelService/DeleteModel", name=kept[-1]["model"])
result["deleted"] = code(lambda: ask("ModelService/GetModel", name=kept[-1]["model"]))

measure = ask("EvalService/CreateEval", name="from python", data_source_config_json='{"type":"custom"}', testing_criteria_json=[grader])["id"]
ask("EvalService/UpdateEval", eval_id=measure, name="renamed")
result["eval"] = ask("EvalService/GetEval", eval_id=measure)["name"] + str(len(ask("EvalService/ListEvals")["evals"]))
rows = [{"item": json.loads(line)} for line in pathlib.Path(dataset).read_text().splitlines()[:4]]
source = {"type": "completions", "model": tuned, "source": {"type": "file_content", "content": rows}, "sampling_params": {"max_completion_tokens": 24, "seed": 1}}
run = ask("EvalService/CreateEvalRun", eval_id=measure, data_source_json=json.dumps(source))["id"]
while ask("EvalService/GetEvalRun", eval_id=measure, run_id=run)["state"] in ("EVAL_RUN_STATE_QUEUED", "EVAL_RUN_STATE_IN_PROGRESS"):
    time.sleep(0.05)
ended = ask("EvalService/ListEvalRuns", eval_id=measure)["runs"][0]
result["run"] = [ended["state"], ended["total"], ended.get("passed", 0) + ended.get("failed", 0)]
items = ask("EvalService/ListOutputItems", eval_id=measure, run_id=run)["items"]
result["items"] = ask("EvalService/GetOutputItem", eval_id=measure, run_id=run, output_item_id=items[0]["id"])["input"][0]["role"]
result["ended"] = code(lambda: ask("EvalService/CancelEvalRun", eval_id=measure, run_id=run))
ask("EvalService/DeleteEvalRun", eval_id=measure, run_id=run)
ask("EvalService/DeleteEval", eval_id=measure)

hook = ask("WebhookService/CreateWebhook", url="http://127.0.0.1:1/")["webhook"]["id"]
result["hooks"] = [one["id"] for one in ask("WebhookService/ListWebhooks")["webhooks"]] == [hook]
ask("WebhookService/ListDeliveries", webhook_id=hook)
ask("WebhookService/DeleteWebhook", webhook_id=hook)

made = ask("KeyService/CreateKey", name="python", role="ROLE_VIEWER")
result["keys"] = made["key"]["id"] in [one["id"] for one in ask("KeyService/ListKeys")["keys"]]
ask("KeyService/RevokeKey", key_id=made["key"]["id"])
ask("KeyService/SetLimits", limits={"concurrent_jobs": 5})
result["limit"] = ask("KeyService/GetLimits")["concurrent_jobs"]
result["audit"] = ask("KeyService/ListAuditEvents", page_size=1)["events"][0]["action"].endswith("SetLimits")

ask("FileService/DeleteFile", file_id=file["id"])
result["gone"] = code(lambda: ask("FileService/GetFile", file_id=file["id"]))
METADATA.clear()
result["no key"] = code(lambda: ask("ModelService/ListModels"))

# Watch of grpc.health.v1 never ends, and reflection itself has been used.
every = {f"{service.full_name}/{method.name}" for service in services.values() for method in service.methods}
result["missing"] = sorted(method for method in every - called if "reflection" not in method and not method.endswith("Health/Watch"))
print(json.dumps(result))
