"""Make a tiny Donut with random weights: ``.engines/donut/bin/python make_donut_model.py <folder> <seed>``.

All of a published model's parts, in its file formats: Swin encoder, BART decoder, SentencePiece-like tokenizer with
field marks, image processor.
"""

import sys

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    DonutImageProcessorPil,
    DonutSwinConfig,
    DonutSwinModel,
    MBartConfig,
    MBartForCausalLM,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderModel,
)

HEIGHT, WIDTH = 128, 256
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def tokenizer():
    pieces = [*SPECIAL.values(), "▁Invoice", "▁Total", "▁", *"abcdefgh0123456789."]
    made = Tokenizer(models.Unigram([(piece, -float(rank)) for rank, piece in enumerate(pieces)], unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    marks = {"additional_special_tokens": ["<s_total>", "</s_total>"]}
    return PreTrainedTokenizerFast(tokenizer_object=made, **SPECIAL, **marks)


def model(words):
    encoder = DonutSwinConfig(
        image_size=[HEIGHT, WIDTH], patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
    )
    decoder = MBartConfig(
        vocab_size=words, d_model=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16,
        max_position_embeddings=24, is_decoder=True, add_cross_attention=True,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=0,
    )  # fmt: skip
    made = VisionEncoderDecoderModel(encoder=DonutSwinModel(encoder), decoder=MBartForCausalLM(decoder))
    for weights in made.parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)  # wide enough that it does not say the same for ever
    return made


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[2]))
    tokens = tokenizer()
    tokens.save_pretrained(sys.argv[1])
    model(len(tokens)).save_pretrained(sys.argv[1])
    DonutImageProcessorPil(size={"height": HEIGHT, "width": WIDTH}).save_pretrained(sys.argv[1])
