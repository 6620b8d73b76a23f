// Print the text in an image over gRPC, with Java 17: docs/integrate.md shows how to compile and run it.
import com.google.protobuf.ByteString;
import inference.GRPCInferenceServiceGrpc;
import inference.InferParameter;
import inference.ModelInferRequest;
import inference.ModelInferRequest.InferInputTensor;
import inference.ModelInferRequest.InferRequestedOutputTensor;
import inference.ModelInferResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

public final class Read {
  public static void main(String[] arguments) throws IOException, InterruptedException {
    byte[] image = Files.readAllBytes(Path.of(arguments[0]));
    String server = arguments.length > 1 ? arguments[1] : "localhost:8001";
    ManagedChannel channel = ManagedChannelBuilder.forTarget(server).usePlaintext().build();
    try {
      print(GRPCInferenceServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(60, TimeUnit.SECONDS)
          .modelInfer(request(image)));
    } catch (StatusRuntimeException error) {
      System.err.println("error: " + error.getMessage());
      System.exit(1);
    } finally {
      channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static ModelInferRequest request(byte[] image) {
    return ModelInferRequest.newBuilder()
        .setModelName("ocr_ensemble")
        .putParameters("min_confidence", InferParameter.newBuilder().setDoubleParam(0.75).build())
        .addInputs(InferInputTensor.newBuilder().setName("image").setDatatype("UINT8").addShape(image.length))
        .addOutputs(InferRequestedOutputTensor.newBuilder().setName("texts"))
        .addOutputs(InferRequestedOutputTensor.newBuilder().setName("text_confidences"))
        .addRawInputContents(ByteString.copyFrom(image))
        .build();
  }

  private static void print(ModelInferResponse answer) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    ByteBuffer texts = tensor(answer, "texts");
    ByteBuffer confidences = tensor(answer, "text_confidences");
    while (texts.hasRemaining()) {
      byte[] text = new byte[texts.getInt()]; // each text has its length before it
      texts.get(text);
      out.printf(Locale.ROOT, "%.2f %s%n", confidences.getFloat(), new String(text, StandardCharsets.UTF_8));
    }
  }

  private static ByteBuffer tensor(ModelInferResponse answer, String name) {
    for (int index = 0; index < answer.getOutputsCount(); index++) {
      if (answer.getOutputs(index).getName().equals(name)) {
        return answer.getRawOutputContents(index).asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      }
    }
    throw new IllegalStateException("the answer has no " + name);
  }
}
