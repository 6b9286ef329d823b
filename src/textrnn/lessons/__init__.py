"""Course material, by lesson: cells, recurrent layers, drawings, gradients, slots, spans, taggers, a comparison."""
