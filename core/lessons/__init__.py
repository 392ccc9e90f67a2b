"""The models of single pages and scenes: perceptron, support vector machine, chain, remedies."""
