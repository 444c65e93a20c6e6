package io.taffrail.simulation.mistake;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Turns [CodeEdit]s of one method into a transformation of its code.
final class EditedMethod {
    private static final String MISTAKES = Mistakes.class.getName();

    private EditedMethod() {}

    /// `fitted` hears of each edit that found its place.
    static MethodTransform transform(MethodModel method, List<CodeEdit> edits, Consumer<CodeEdit> fitted) {
        for (var edit : edits) {
            if (edit instanceof CodeEdit.Answers answers) {
                return (builder, element) -> {
                    if (element instanceof CodeModel) {
                        fitted.accept(edit);
                        var result = method.methodTypeSymbol().returnType();
                        builder.withCode(code -> {
                            push(code, result, answers.constant());
                            code.return_(TypeKind.from(result));
                        });
                    } else {
                        builder.with(element);
                    }
                };
            }
        }
        var transform = CodeTransform.ofStateful(() -> change(edits.getFirst(), fitted));
        for (var edit : edits.subList(1, edits.size())) {
            transform = transform.andThen(CodeTransform.ofStateful(() -> change(edit, fitted)));
        }
        return MethodTransform.transformingCode(transform);
    }

    private static CodeTransform change(CodeEdit edit, Consumer<CodeEdit> fitted) {
        return switch (edit) {
            case CodeEdit.Answers answers -> throw new IllegalStateException("replaces the whole method: " + answers);
            case CodeEdit.CallAnswers call ->
                new Calls(call.callee(), call.which()) {
                    @Override
                    void replace(CodeBuilder code, InvokeInstruction invoke) {
                        fitted.accept(edit);
                        discard(code, invoke.typeSymbol(), invoke.opcode() != Opcode.INVOKESTATIC);
                        push(code, invoke.typeSymbol().returnType(), call.constant());
                    }
                };
            case CodeEdit.CallsInstead call ->
                new Calls(call.callee(), call.which()) {
                    @Override
                    void replace(CodeBuilder code, InvokeInstruction invoke) {
                        fitted.accept(edit);
                        code.invoke(
                                invoke.opcode(),
                                invoke.owner().asSymbol(),
                                call.other(),
                                invoke.typeSymbol(),
                                invoke.isInterface());
                    }
                };
            case CodeEdit.CallsMistake call ->
                new Calls(call.callee(), 0) {
                    @Override
                    void replace(CodeBuilder code, InvokeInstruction invoke) {
                        var mistake = descriptor(call.mistake());
                        if (stands(mistake, invoke)) {
                            fitted.accept(edit);
                            code.invokestatic(ClassDesc.of(MISTAKES), call.mistake(), mistake);
                        } else {
                            code.with(invoke);
                        }
                    }
                };
            case CodeEdit.FieldReads read ->
                (code, element) -> {
                    if (element instanceof FieldInstruction field
                            && field.name().equalsString(read.field())
                            && (field.opcode() == Opcode.GETFIELD || field.opcode() == Opcode.GETSTATIC)) {
                        fitted.accept(edit);
                        if (field.opcode() == Opcode.GETFIELD) {
                            code.pop();
                        }
                        push(code, field.typeSymbol(), read.constant());
                    } else {
                        code.with(element);
                    }
                };
            case CodeEdit.AssignmentSkipped assignment ->
                (code, element) -> {
                    if (element instanceof FieldInstruction field
                            && field.name().equalsString(assignment.field())
                            && field.opcode() == Opcode.PUTFIELD) {
                        fitted.accept(edit);
                        pop(code, field.typeSymbol());
                        code.pop();
                    } else {
                        code.with(element);
                    }
                };
            case CodeEdit.BranchAfter branch -> new Branches(branch, fitted);
        };
    }

    private abstract static class Calls implements CodeTransform {
        private final String callee;
        private final int which;
        private int seen;

        Calls(String callee, int which) {
            this.callee = callee;
            this.which = which;
        }

        abstract void replace(CodeBuilder code, InvokeInstruction invoke);

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            if (element instanceof InvokeInstruction invoke && invoke.name().equalsString(callee)) {
                seen++;
                if (which == 0 || which == seen) {
                    replace(code, invoke);
                    return;
                }
            }
            code.with(element);
        }
    }

    private static final class Branches implements CodeTransform {
        private final CodeEdit.BranchAfter edit;
        private final Consumer<CodeEdit> fitted;
        private boolean armed;
        private int seen;

        Branches(CodeEdit.BranchAfter edit, Consumer<CodeEdit> fitted) {
            this.edit = edit;
            this.fitted = fitted;
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            if (armed && element instanceof BranchInstruction branch && operands(branch.opcode()) > 0) {
                armed = false;
                fitted.accept(edit);
                for (var i = operands(branch.opcode()); i > 0; i--) {
                    code.pop();
                }
                if (edit.taken()) {
                    code.goto_(branch.target());
                }
                return;
            }
            var uses = (element instanceof InvokeInstruction invoke
                            && invoke.name().equalsString(edit.member()))
                    || (element instanceof FieldInstruction field
                            && field.name().equalsString(edit.member()));
            if (uses) {
                seen++;
                armed |= seen == edit.which();
            }
            code.with(element);
        }

        private static int operands(Opcode opcode) {
            return switch (opcode) {
                case IFEQ, IFNE, IFLT, IFGE, IFGT, IFLE, IFNULL, IFNONNULL -> 1;
                case IF_ICMPEQ, IF_ICMPNE, IF_ICMPLT, IF_ICMPGE, IF_ICMPGT, IF_ICMPLE, IF_ACMPEQ, IF_ACMPNE -> 2;
                default -> 0;
            };
        }
    }

    /// Other types may have a method of the same name.
    private static boolean stands(MethodTypeDesc mistake, InvokeInstruction invoke) {
        return invoke.opcode() == Opcode.INVOKESTATIC
                || mistake.parameterType(0).equals(ClassDesc.of("java.lang.Object"))
                || mistake.parameterType(0).equals(invoke.owner().asSymbol());
    }

    private static MethodTypeDesc descriptor(String mistake) {
        var method = Arrays.stream(Mistakes.class.getDeclaredMethods())
                .filter(each -> each.getName().equals(mistake))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no mistake " + mistake));
        return MethodTypeDesc.of(
                describe(method.getReturnType()),
                Arrays.stream(method.getParameterTypes())
                        .map(EditedMethod::describe)
                        .toList());
    }

    private static ClassDesc describe(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }

    private static void discard(CodeBuilder code, MethodTypeDesc type, boolean receiver) {
        for (var parameter : type.parameterList().reversed()) {
            pop(code, parameter);
        }
        if (receiver) {
            code.pop();
        }
    }

    private static void pop(CodeBuilder code, ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
            code.pop2();
        } else {
            code.pop();
        }
    }

    private static void push(CodeBuilder code, ClassDesc type, @Nullable Object constant) {
        switch (TypeKind.from(type)) {
            case VOID -> {}
            case LONG -> code.loadConstant(constant instanceof Number number ? number.longValue() : 0L);
            case INT, SHORT, BYTE, CHAR, BOOLEAN -> code.loadConstant(word(constant));
            case REFERENCE -> {
                if (constant instanceof CodeEdit.EnumConstant(String owner, String name)) {
                    var desc = ClassDesc.of("io.taffrail." + owner);
                    code.getstatic(desc, name, desc);
                } else {
                    code.aconst_null();
                }
            }
            case FLOAT, DOUBLE -> throw new IllegalArgumentException("no protocol counts in fractions: " + type);
        }
    }

    private static int word(@Nullable Object constant) {
        return switch (constant) {
            case null -> 0;
            case Boolean truth -> truth ? 1 : 0;
            case Number number -> number.intValue();
            default -> throw new IllegalArgumentException("not an int: " + constant);
        };
    }
}
